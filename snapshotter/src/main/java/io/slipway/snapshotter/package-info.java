@NullMarked
package io.slipway.snapshotter;

import org.jspecify.annotations.NullMarked;
