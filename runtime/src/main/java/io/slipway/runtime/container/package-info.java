/// Container records: what a task is made from.
@NullMarked
package io.slipway.runtime.container;

import org.jspecify.annotations.NullMarked;
