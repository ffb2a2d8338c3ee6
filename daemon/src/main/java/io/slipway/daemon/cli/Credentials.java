package io.slipway.daemon.cli;

import io.slipway.api.types.transfer.AuthRequest;
import io.slipway.api.types.transfer.AuthResponse;
import io.slipway.api.types.transfer.AuthType;
import java.util.Set;

/// A name and a password for one registry. They are answered only to a question for that registry: another host that a
/// hosts.toml or a redirect brings into play gets none.
///
/// @param host registry of the image, as in its reference
/// @param name user
/// @param password secret; never printed
record Credentials(String host, String name, String password) {
    private static final Set<String> DOCKER_HUB = Set.of("docker.io", "registry-1.docker.io", "index.docker.io");

    /// What to answer the daemon.
    AuthResponse answer(AuthRequest request) {
        boolean own =
                request.getHost().equals(host) || (DOCKER_HUB.contains(host) && DOCKER_HUB.contains(request.getHost()));
        return own
                ? AuthResponse.newBuilder()
                        .setAuthType(AuthType.CREDENTIALS)
                        .setUsername(name)
                        .setSecret(password)
                        .build()
                : AuthResponse.newBuilder().setAuthType(AuthType.NONE).build();
    }

    @Override
    public String toString() {
        return name + " at " + host;
    }
}
