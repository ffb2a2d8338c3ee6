@NullMarked
package io.slipway.puller;

import org.jspecify.annotations.NullMarked;
