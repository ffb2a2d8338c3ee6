package io.slipway.mirror;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;

/// An address to listen on, as it stands in the configuration.
sealed interface ListenAddress {

    /// The address as it was given.
    String text();

    /// `host:port` or `[ipv6]:port`; the host without brackets.
    record Tcp(String text, String host, int port) implements ListenAddress {

        /// True when only this machine can reach it.
        boolean isLoopback() throws UnknownHostException {
            return InetAddress.getByName(host).isLoopbackAddress();
        }

        /// The address with the port that was picked.
        String bound(int actualPort) {
            return (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + actualPort;
        }
    }

    /// `unix:PATH`
    record Unix(String text, Path path) implements ListenAddress {}

    /// Longest path a socket address holds (unix(7)), less what a temporary name adds.
    int MAX_SOCKET_PATH = 100;

    /// Reads an address; `IllegalArgumentException` names it and what is wrong.
    static ListenAddress parse(String text) {
        if (text.startsWith("unix:")) {
            Path path = Path.of(text.substring("unix:".length()));
            if (!path.isAbsolute() || path.toString().length() > MAX_SOCKET_PATH) {
                throw malformed(text, "a socket path is absolute and at most " + MAX_SOCKET_PATH + " characters long");
            }
            return new Unix(text, path);
        }
        int colon = text.lastIndexOf(':');
        if (colon <= 0) {
            throw malformed(text, "it has no port");
        }
        String host = text.substring(0, colon);
        boolean bracketed = host.startsWith("[") && host.endsWith("]");
        if (Names.host(host).isEmpty() || (host.indexOf(':') >= 0 && !bracketed)) {
            throw malformed(text, "the host is neither a name, an IPv4 address nor an IPv6 address in brackets");
        }
        return new Tcp(
                text, bracketed ? host.substring(1, host.length() - 1) : host, port(text, text.substring(colon + 1)));
    }

    private static int port(String text, String digits) {
        if (!digits.matches("[0-9]{1,5}") || Integer.parseInt(digits) > 65535) {
            throw malformed(text, "the port is not a number from 0 to 65535");
        }
        return Integer.parseInt(digits);
    }

    private static IllegalArgumentException malformed(String text, String why) {
        return new IllegalArgumentException("[mirror] address \"" + text + "\": " + why);
    }
}
