/// Output of containers that run with their stdio in the daemon's log directory.
@NullMarked
package io.slipway.runtime.log;

import org.jspecify.annotations.NullMarked;
