package io.slipway.snapshotter.meta;

import java.util.Optional;

/// The keys under which a containerd that uses us as its snapshotter (`[proxy_plugins]`) keeps its snapshots here:
/// `<namespace>/<sequence>/<its own key>`, in the namespace of that name. It has records and garbage collection of its
/// own and removes what it no longer needs, so these snapshots live until then.
///
/// @param prefix everything before its own key; no two of its snapshots have the same
record ProxyKey(String prefix, String key) {
    static Optional<ProxyKey> of(SnapshotAddress at) {
        int first = at.namespace().length();
        String key = at.key();
        if (!key.startsWith(at.namespace() + "/")) {
            return Optional.empty();
        }
        int second = key.indexOf('/', first + 1);
        if (second < first + 2 || second == key.length() - 1) {
            return Optional.empty();
        }
        for (int i = first + 1; i < second; i++) {
            if (key.charAt(i) < '0' || key.charAt(i) > '9') {
                return Optional.empty();
            }
        }
        return Optional.of(new ProxyKey(key.substring(0, second + 1), key.substring(second + 1)));
    }

    /// What the client calls a snapshot: the end of such a key, or the key itself.
    static String plain(SnapshotAddress at) {
        return of(at).map(ProxyKey::key).orElse(at.key());
    }
}
