package io.slipway.daemon.config;

import java.util.Locale;

/// What the daemon does; each can be left out.
public enum Role {
    /// The registry mirror over HTTP.
    MIRROR,
    /// The gRPC services of store and snapshots on the unix socket.
    API,
    /// Containers and tasks. Their services live on the API's socket, so this role brings that one with it.
    RUNTIME;

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
