package io.slipway.puller.hosts;

import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.net.UnknownHostException;
import java.util.List;
import java.util.function.Supplier;

/// Recognises endpoints that are this node's own mirror, so that it never asks itself: the same certs.d that sends
/// containerd to the mirror is read by the mirror.
final class OwnListeners {
    private final Supplier<List<String>> listeners;

    OwnListeners(Supplier<List<String>> listeners) {
        this.listeners = listeners;
    }

    /// Whether an endpoint of this scheme and authority is one of our listeners. Names other than `localhost` are not
    /// looked up here; the `Via` header catches those.
    boolean contains(Endpoint.Scheme scheme, String authority) {
        int port = HostNames.port(authority).orElse(scheme == Endpoint.Scheme.HTTP ? 80 : 443);
        for (String listener : listeners.get()) {
            if (HostNames.port(listener).orElse(-1) == port
                    && sameHost(HostNames.host(listener), HostNames.host(authority))) {
                return true;
            }
        }
        return false;
    }

    private static boolean sameHost(String listener, String host) {
        if (listener.equalsIgnoreCase(host)) {
            return true;
        }
        InetAddress bound = literal(listener);
        InetAddress asked = literal(host);
        if (bound == null || asked == null) {
            return false;
        }
        return bound.equals(asked) || (bound.isAnyLocalAddress() && isOfThisMachine(asked));
    }

    private static boolean isOfThisMachine(InetAddress address) {
        if (address.isLoopbackAddress() || address.isAnyLocalAddress()) {
            return true;
        }
        try {
            return NetworkInterface.getByInetAddress(address) != null;
        } catch (SocketException unreadable) {
            return false;
        }
    }

    private static @org.jspecify.annotations.Nullable InetAddress literal(String host) {
        String text = host.equals("localhost") ? "127.0.0.1" : host;
        if (!text.matches("[0-9.]+|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*")) {
            return null;
        }
        try {
            return InetAddress.getByName(text);
        } catch (UnknownHostException notAnAddress) {
            return null;
        }
    }
}
