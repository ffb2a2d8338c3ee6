/// The registry mirror: an OCI distribution 1.1 server in front of the content store.
///
/// `Mirror.start` opens the listeners described by [io.slipway.mirror.MirrorOptions] and answers every registry
/// client from the store, or by one upstream fetch that is streamed to all who ask while it lands.
///
/// A request passes four steps that are separate classes and tested apart: raw path to a typed target, target to
/// the upstream that may be asked, the story that finds or fetches the content, and the outcome that becomes an
/// HTTP answer in exactly one class.
///
/// Threads: event loops parse, answer what is in memory and move bytes; everything that can wait (store, metadata,
/// upstream) runs in a story on a virtual thread of its own. All memory that bodies need is bounded by
/// [io.slipway.mirror.MirrorLimits].
@NullMarked
package io.slipway.mirror;

import org.jspecify.annotations.NullMarked;
