/// containerd's Transfer and Streaming services over the puller (specs: containerd-semantics 19).
@NullMarked
package io.slipway.puller.grpc;

import org.jspecify.annotations.NullMarked;
