package io.slipway.puller.hosts;

import java.util.OptionalInt;

/// `host[:port]` taken apart.
public final class HostNames {
    /// The server behind `docker.io`.
    public static final String DOCKER_HUB_ENDPOINT = "registry-1.docker.io";

    private HostNames() {}

    /// The host without port and brackets.
    public static String host(String authority) {
        if (authority.startsWith("[")) {
            int end = authority.indexOf(']');
            return end < 0 ? authority : authority.substring(1, end);
        }
        int colon = authority.lastIndexOf(':');
        return colon < 0 ? authority : authority.substring(0, colon);
    }

    /// The port, where one is written.
    public static OptionalInt port(String authority) {
        int colon = authority.lastIndexOf(':');
        if (colon <= authority.lastIndexOf(']') || colon < 0) {
            return OptionalInt.empty();
        }
        try {
            int port = Integer.parseInt(authority.substring(colon + 1));
            return port > 0 && port <= 65535 ? OptionalInt.of(port) : OptionalInt.empty();
        } catch (NumberFormatException notANumber) {
            return OptionalInt.empty();
        }
    }

    /// Whether this is this machine by name: `localhost`, 127.0.0.0/8 or `::1`, with any port.
    public static boolean isLocal(String authority) {
        String host = host(authority);
        return host.equals("localhost") || host.equals("::1") || host.matches("127\\.\\d{1,3}\\.\\d{1,3}\\.\\d{1,3}");
    }
}
