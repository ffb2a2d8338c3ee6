package io.slipway.daemon.config;

import java.nio.file.Path;

/// Where a listener binds.
public sealed interface Address {
    /// @param host name or address, IPv6 without brackets
    /// @param port 0 = a free one
    record Tcp(String host, int port) implements Address {
        public Tcp {
            if (host.isEmpty() || port < 0 || port > 65535) {
                throw new IllegalArgumentException("must be HOST:PORT with a port of 0 to 65535");
            }
        }

        @Override
        public String toString() {
            return (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + port;
        }
    }

    /// @param path absolute
    record Unix(Path path) implements Address {
        public Unix {
            SocketPath.check(path);
        }

        @Override
        public String toString() {
            return "unix:" + path;
        }
    }

    /// Reads `HOST:PORT`, `[IPV6]:PORT` or `unix:/absolute/path`.
    ///
    /// @throws IllegalArgumentException with what is wrong
    static Address parse(String text) {
        if (text.startsWith("unix:")) {
            return new Unix(Path.of(text.substring("unix:".length())));
        }
        return tcp(text);
    }

    /// Reads `HOST:PORT` or `[IPV6]:PORT`.
    ///
    /// @throws IllegalArgumentException with what is wrong
    static Tcp tcp(String text) {
        int colon = text.lastIndexOf(':');
        if (colon <= 0) {
            throw new IllegalArgumentException("must be HOST:PORT");
        }
        String host = text.substring(0, colon);
        if (host.startsWith("[") && host.endsWith("]")) {
            host = host.substring(1, host.length() - 1);
        } else if (host.indexOf(':') >= 0) {
            throw new IllegalArgumentException("an IPv6 address needs brackets: [" + host + "]:PORT");
        }
        String digits = text.substring(colon + 1);
        if (!digits.matches("[0-9]{1,5}")) {
            throw new IllegalArgumentException("must be HOST:PORT with a port of 0 to 65535");
        }
        return new Tcp(host, Integer.parseInt(digits));
    }
}
