@NullMarked
package io.slipway.cas;

import org.jspecify.annotations.NullMarked;
