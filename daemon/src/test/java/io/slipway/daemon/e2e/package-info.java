/// The main job end to end, on real input and against real peers: the packaged daemon with Debian's registry,
/// containerd, skopeo, umoci, shim and runc. Needs root and `make build`.
@NullMarked
package io.slipway.daemon.e2e;

import org.jspecify.annotations.NullMarked;
