package io.slipway.mirror;

import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/// Which upstreams clients of the mirror may make it ask, and at which addresses. Without this rule anyone who
/// reaches the mirror could use it to talk to hosts that only this node can reach.
///
/// A host named in `[mirror] upstreams` exactly or by `*.suffix`, or with a directory of its own in `config_path`,
/// was named by the operator and may have any address. A host matched only by `*` must have public addresses. A
/// `_default` directory in `config_path` names nobody.
final class UpstreamRule {

    /// What the rule says about a host.
    enum Reach {
        /// Ask it wherever it is.
        ANYWHERE,
        /// Ask it at public addresses.
        PUBLIC_ADDRESSES,
        /// Open no connection.
        NOWHERE
    }

    private final Set<String> exact;
    private final List<String> suffixes;
    private final boolean all;
    private final Predicate<String> configured;

    /// Checks the entries; a malformed one is an `IllegalArgumentException` naming it.
    UpstreamRule(List<String> entries, Predicate<String> configured) {
        this.all = entries.contains("*");
        this.suffixes = entries.stream()
                .filter(e -> e.startsWith("*."))
                .map(e -> "." + host(e.substring(2), e))
                .toList();
        this.exact = entries.stream()
                .filter(e -> !e.startsWith("*"))
                .map(e -> host(e, e))
                .collect(Collectors.toUnmodifiableSet());
        this.configured = configured;
        entries.stream()
                .filter(e -> e.startsWith("*") && !e.equals("*") && !e.startsWith("*."))
                .findFirst()
                .ifPresent(e -> {
                    throw malformed(e);
                });
    }

    /// Decides about a host in lower case. May read files: never on an event loop.
    Reach reach(String host) {
        if (exact.contains(host) || suffixes.stream().anyMatch(s -> matches(host, s)) || configured.test(host)) {
            return Reach.ANYWHERE;
        }
        return all ? Reach.PUBLIC_ADDRESSES : Reach.NOWHERE;
    }

    /// A suffix without port covers every port, one with port only that.
    private static boolean matches(String host, String suffix) {
        if (host.endsWith(suffix)) {
            return true;
        }
        int colon = host.lastIndexOf(':');
        return colon > 0 && host.substring(0, colon).endsWith(suffix);
    }

    private static String host(String text, String entry) {
        return Names.host(text).orElseThrow(() -> malformed(entry));
    }

    private static IllegalArgumentException malformed(String entry) {
        return new IllegalArgumentException(
                "[mirror] upstreams: \"" + entry + "\" is not host, host:port, *.suffix or *");
    }
}
