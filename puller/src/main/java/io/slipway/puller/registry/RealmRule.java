package io.slipway.puller.registry;

import io.slipway.puller.hosts.HostNames;
import io.slipway.puller.http.HttpUrl;
import java.util.Map;
import java.util.Set;

/// Where credentials of a registry may go to be turned into a token: the same host; a sibling of the same registrable
/// domain, over https; loopback when the registry itself is on loopback; or a host the operator listed. Never from an
/// https registry to a realm in the clear.
final class RealmRule {
    private final PublicSuffixes suffixes;
    private final Map<String, Set<String>> listed;

    RealmRule(PublicSuffixes suffixes, Map<String, Set<String>> listed) {
        this.suffixes = suffixes;
        this.listed = listed;
    }

    boolean allows(HttpUrl registry, String authority, HttpUrl realm) {
        if (listed.getOrDefault(authority, Set.of()).stream()
                .anyMatch(host -> host.equalsIgnoreCase(realm.host()) || host.equalsIgnoreCase(realm.authority()))) {
            return true;
        }
        boolean bothLocal = HostNames.isLocal(registry.host()) && HostNames.isLocal(realm.host());
        if (bothLocal) {
            return true;
        }
        if (registry.tls() && !realm.tls()) {
            return false;
        }
        if (registry.host().equals(realm.host())) {
            return true;
        }
        return realm.tls()
                && suffixes.registrable(realm.host())
                        .flatMap(domain -> suffixes.registrable(registry.host()).filter(domain::equals))
                        .isPresent();
    }
}
