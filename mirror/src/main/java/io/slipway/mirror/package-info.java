@NullMarked
package io.slipway.mirror;

import org.jspecify.annotations.NullMarked;
