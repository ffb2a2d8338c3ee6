@NullMarked
package io.slipway.runtime;

import org.jspecify.annotations.NullMarked;
