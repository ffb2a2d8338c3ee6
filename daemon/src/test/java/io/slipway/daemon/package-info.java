@NullMarked
package io.slipway.daemon;

import org.jspecify.annotations.NullMarked;
