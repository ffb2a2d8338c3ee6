/// One HTTP exchange at a time: name resolution under the address policy, connection pools per TLS identity, bounded
/// bodies with back-pressure. No authentication, no redirects, no retries: those are told in `registry`.
///
/// The event loop frames and copies bytes into blocks; the reader, on a virtual thread, takes them out. What is between
/// the two is bounded per body ([BlockPool]) and for the process.
@NullMarked
package io.slipway.puller.http;

import org.jspecify.annotations.NullMarked;
