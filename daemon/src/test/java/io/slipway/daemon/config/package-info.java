@NullMarked
package io.slipway.daemon.config;

import org.jspecify.annotations.NullMarked;
