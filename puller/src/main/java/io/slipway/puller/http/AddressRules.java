package io.slipway.puller.http;

import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.UnknownHostException;

/// Which addresses belong to the public internet (IANA special-purpose registries, RFC 6890 and successors).
public final class AddressRules {
    private AddressRules() {}

    /// Whether a stranger may make us dial this address. Addresses that embed an IPv4 address (mapped, compatible,
    /// 6to4, NAT64, Teredo) are judged by it or refused.
    public static boolean isPublic(InetAddress address) {
        return switch (address) {
            case Inet4Address v4 -> isPublic4(v4.getAddress());
            case Inet6Address v6 -> isPublic6(v6);
            default -> false;
        };
    }

    private static boolean isPublic4(byte[] b) {
        int first = b[0] & 0xff;
        int second = b[1] & 0xff;
        int third = b[2] & 0xff;
        return !(first == 0 // this network
                || first == 10 // private
                || first == 127 // loopback
                || (first == 100 && second >= 64 && second < 128) // carrier-grade NAT
                || (first == 169 && second == 254) // link-local, cloud metadata
                || (first == 172 && second >= 16 && second < 32) // private
                || (first == 192 && second == 168) // private
                || (first == 192 && second == 0 && (third == 0 || third == 2)) // protocol assignments, documentation
                || (first == 192 && second == 88 && third == 99) // 6to4 relay
                || (first == 198 && (second == 18 || second == 19)) // benchmarking
                || (first == 198 && second == 51 && third == 100) // documentation
                || (first == 203 && second == 0 && third == 113) // documentation
                || first >= 224); // multicast, reserved, broadcast
    }

    private static boolean isPublic6(Inet6Address address) {
        byte[] b = address.getAddress();
        if (address.isAnyLocalAddress()
                || address.isLoopbackAddress()
                || address.isMulticastAddress()
                || address.isLinkLocalAddress()
                || address.isSiteLocalAddress()) {
            return false;
        }
        if (zero(b, 0, 10)) { // ::ffff:a.b.c.d mapped, ::a.b.c.d compatible
            return embedded(b, 12);
        }
        int head = ((b[0] & 0xff) << 8) | (b[1] & 0xff);
        if (head == 0x2002) { // 6to4
            return embedded(b, 2);
        }
        if (head == 0x0064 && (b[2] & 0xff) == 0xff && (b[3] & 0xff) == 0x9b) { // NAT64
            return zero(b, 4, 12) && embedded(b, 12);
        }
        if (head == 0x2001
                && (b[2] == 0 || ((b[2] & 0xff) == 0x0d && (b[3] & 0xff) == 0xb8))) { // Teredo, documentation
            return false;
        }
        return (b[0] & 0xe0) == 0x20; // global unicast is 2000::/3; unique local and the rest are not
    }

    private static boolean zero(byte[] b, int from, int to) {
        for (int i = from; i < to; i++) {
            if (b[i] != 0) {
                return false;
            }
        }
        return true;
    }

    private static boolean embedded(byte[] b, int at) {
        try {
            return isPublic(InetAddress.getByAddress(new byte[] {b[at], b[at + 1], b[at + 2], b[at + 3]}));
        } catch (UnknownHostException impossible) {
            throw new IllegalStateException("four bytes are an address", impossible);
        }
    }
}
