@NullMarked
package io.slipway.daemon.log;

import org.jspecify.annotations.NullMarked;
