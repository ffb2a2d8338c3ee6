@NullMarked
package io.slipway.linux;

import org.jspecify.annotations.NullMarked;
