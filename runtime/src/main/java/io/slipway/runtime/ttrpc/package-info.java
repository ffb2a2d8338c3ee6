/// The ttrpc wire protocol between the daemon and its shims: client, server, frames.
///
/// Frames of streaming calls are understood and refused or dropped; only unary calls are made and answered. Both
/// ends
/// are contract-tested against each other and against a peer written by hand.
@NullMarked
package io.slipway.runtime.ttrpc;

import org.jspecify.annotations.NullMarked;
