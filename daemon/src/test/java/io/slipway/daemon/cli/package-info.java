@NullMarked
package io.slipway.daemon.cli;

import org.jspecify.annotations.NullMarked;
