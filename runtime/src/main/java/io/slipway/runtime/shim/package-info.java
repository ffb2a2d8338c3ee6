/// Shims: finding their binaries, the bundle each is started in, starting and deleting, and talking to them.
@NullMarked
package io.slipway.runtime.shim;

import org.jspecify.annotations.NullMarked;
