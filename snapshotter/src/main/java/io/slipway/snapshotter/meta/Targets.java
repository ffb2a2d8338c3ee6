package io.slipway.snapshotter.meta;

import io.slipway.snapshotter.SnapshotKind;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Map;
import java.util.Optional;

/// Answers `containerd.io/snapshot.ref`, by which a client that is about to unpack a layer says which chain id the
/// result is to have: where that snapshot is here, the client need neither fetch nor unpack the layer.
///
/// The snapshot may also be in another namespace (shared content only): then it is recorded here as well, over the same
/// directory. Only what was unpacked by ourselves from verified bytes, down to the bottom, passes from one namespace to
/// another: anybody may commit anything under the name of a chain id.
final class Targets {
    private final Records records;
    private final boolean shared;

    /// @param shared whether namespaces see each other's content
    Targets(Records records, boolean shared) {
        this.records = records;
        this.shared = shared;
    }

    /// The committed snapshot that is the target over that parent, recorded now if need be; empty when the layer has to
    /// be unpacked.
    ///
    /// @param at what the client wants to prepare
    /// @param parent of it, empty for none
    /// @param labels of it, the target among them
    Optional<String> find(Connection c, SnapshotAddress at, String parent, Map<String, String> labels)
            throws SQLException {
        String target = labels.getOrDefault(Labels.TARGET, "");
        if (target.isEmpty()) {
            return Optional.empty();
        }
        Optional<ProxyKey> proxy = ProxyKey.of(at);
        Optional<String> own = proxy.isPresent() ? labelled(c, at, parent, target) : named(c, at.sibling(target));
        if (own.isPresent()) {
            return own;
        }
        String name = proxy.map(ProxyKey::prefix).orElse("") + target;
        if (records.snapshots().find(c, at.sibling(name)).isPresent()) {
            return Optional.empty();
        }
        for (SnapshotRow source : records.snapshots().committed(c, at.snapshotter(), target)) {
            boolean visible = shared || source.at().namespace().equals(at.namespace());
            if (visible && isOurs(c, source) && stands(c, at.sibling(parent), source.parentKey())) {
                adopt(c, at.sibling(name), parent, source, labels);
                return Optional.of(name);
            }
        }
        return Optional.empty();
    }

    private Optional<String> named(Connection c, SnapshotAddress at) throws SQLException {
        return records.sound(c, at).map(SnapshotRow::key);
    }

    /// containerd asks for the one that carries the label and has the parent.
    private Optional<String> labelled(Connection c, SnapshotAddress at, String parent, String target)
            throws SQLException {
        return records.snapshots().labelled(c, at, Labels.TARGET, target).stream()
                .filter(row -> row.kind() == SnapshotKind.COMMITTED && !row.lost())
                .filter(row -> row.parentKey().equals(parent))
                .map(SnapshotRow::key)
                .findFirst();
    }

    private boolean isOurs(Connection c, SnapshotRow source) throws SQLException {
        for (SnapshotRow row : records.snapshots().chain(c, source)) {
            if (row.lost() || records.directories().source(c, row.dir()).isEmpty()) {
                return false;
            }
        }
        return true;
    }

    /// Whether the client's parent is what it calls by the name of the source's parent.
    private boolean stands(Connection c, SnapshotAddress parent, String name) throws SQLException {
        if (parent.key().isEmpty() || name.isEmpty()) {
            return parent.key().isEmpty() && name.isEmpty();
        }
        return records.parent(c, parent).key().equals(name)
                || ProxyKey.plain(parent).equals(name);
    }

    private void adopt(Connection c, SnapshotAddress at, String parent, SnapshotRow source, Map<String, String> labels)
            throws SQLException {
        long parentId = records.parentId(c, at.sibling(parent));
        records.snapshots().insert(c, at, SnapshotKind.COMMITTED, parentId, source.dir(), records.now(), labels);
    }
}
