package io.slipway.cas.meta;

import io.slipway.cas.Digest;
import io.slipway.cas.GcLabels;
import io.slipway.cas.GcNode;
import io.slipway.cas.GcRoots;
import io.slipway.cas.Namespaces;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// Finds what is alive: from the roots along references, inside one transaction (containerd-semantics 8).
///
/// A node is *kept* when it is reachable, and *followed* when its labels count too; a lease with `gc.flat`
/// keeps what it holds without following it.
final class Marking {

    private static final String BACK_REFERENCE = "containerd.io/gc.bref.";

    /// Type of the node that stands for an entry of the mirror's cache index.
    static final String CACHE = "cache";

    private final Connection connection;
    private final List<GcRoots> parts;
    private final Instant now;
    private final Trace trace;
    private final Set<GcNode> kept = new HashSet<>();
    private final Set<GcNode> followed = new HashSet<>();
    private final Deque<GcNode> pending = new ArrayDeque<>();
    private final Map<GcNode, List<GcNode>> backwards = new HashMap<>();

    /// Told of each reference that is followed.
    @FunctionalInterface
    interface Trace {
        Trace NONE = (_, _) -> {};

        /// @param from empty when `to` is alive by itself
        void reference(Optional<GcNode> from, GcNode to);
    }

    Marking(Connection connection, List<GcRoots> parts, Instant now, Trace trace) {
        this.connection = connection;
        this.parts = parts;
        this.now = now;
        this.trace = trace;
    }

    /// @param held content that is open, leased to an asker or arriving, whatever namespace sees it
    void run(Set<Digest> held) throws SQLException {
        contentRoots(held);
        imageRoots();
        for (var part : parts) {
            part.roots(connection, this::root);
        }
        leaseRoots();
        while (!pending.isEmpty()) {
            expand(pending.pop());
        }
    }

    boolean keeps(GcNode node) {
        return kept.contains(node);
    }

    private void contentRoots(Set<Digest> held) throws SQLException {
        for (var digest : held) {
            Db.each(
                    connection,
                    "SELECT namespace FROM content WHERE digest=?",
                    row -> root(GcNode.content(row.getString(1), digest.toString())),
                    digest.toString());
        }
        Db.each(
                connection,
                "SELECT digest FROM cache_index",
                row -> follow(
                        new GcNode(Namespaces.MIRROR, CACHE, row.getString(1)),
                        GcNode.content(Namespaces.MIRROR, row.getString(1))));
        // Only rows that say something about collection themselves need their labels read here.
        Db.each(
                connection,
                "SELECT namespace, digest, labels FROM (SELECT namespace, digest, labels FROM content UNION ALL"
                        + " SELECT namespace, digest, labels FROM lost) WHERE labels LIKE '%containerd.io/gc.root%'"
                        + " OR labels LIKE '%containerd.io/gc.expire%' OR labels LIKE '%" + BACK_REFERENCE + "%'",
                row -> {
                    var node = GcNode.content(row.getString(1), row.getString(2));
                    var labels = Columns.labels(row.getString(3));
                    if (GcLabels.isRoot(labels, now)) {
                        root(node);
                    }
                    noteBackReferences(node, labels);
                });
    }

    private void imageRoots() throws SQLException {
        Db.each(connection, "SELECT namespace, name, labels FROM image", row -> {
            var node = new GcNode(row.getString(1), GcNode.IMAGE, row.getString(2));
            var labels = Columns.labels(row.getString(3));
            if (!GcLabels.isExpired(labels, now)) {
                root(node);
            }
            noteBackReferences(node, labels);
        });
    }

    private void leaseRoots() throws SQLException {
        record Held(String namespace, String lease, Map<String, String> labels) {}
        var leases = Db.list(
                connection,
                "SELECT namespace, id, labels FROM lease",
                row -> new Held(row.getString(1), row.getString(2), Columns.labels(row.getString(3))));
        for (var lease : leases) {
            if (GcLabels.isExpired(lease.labels(), now)) {
                continue;
            }
            var holder = new GcNode(lease.namespace(), GcNode.LEASE, lease.lease());
            boolean flat = lease.labels().containsKey(GcLabels.FLAT);
            Db.each(
                    connection,
                    "SELECT type, id FROM lease_resource WHERE namespace=? AND lease=?",
                    row -> {
                        var node = resource(lease.namespace(), row.getString(1), row.getString(2));
                        if (flat) {
                            keepFlat(holder, node);
                        } else {
                            follow(holder, node);
                        }
                    },
                    lease.namespace(),
                    lease.lease());
        }
    }

    private static GcNode resource(String namespace, String type, String id) {
        return switch (type) {
            case "ingests" -> new GcNode(namespace, GcNode.INGEST, id);
            case "images" -> new GcNode(namespace, GcNode.IMAGE, id);
            default -> new GcNode(namespace, type, id);
        };
    }

    private void root(GcNode node) {
        trace.reference(Optional.empty(), node);
        follow(node);
    }

    private void follow(GcNode from, GcNode to) {
        trace.reference(Optional.of(from), to);
        follow(to);
    }

    private void follow(GcNode node) {
        if (followed.add(node)) {
            kept.add(node);
            pending.push(node);
        }
    }

    /// Parents of a snapshot count even without labels: it can't exist without them.
    private void keepFlat(GcNode holder, GcNode node) throws SQLException {
        trace.reference(Optional.of(holder), node);
        var chain = new ArrayDeque<GcNode>();
        chain.push(node);
        while (!chain.isEmpty()) {
            var next = chain.pop();
            if (kept.add(next)) {
                for (var part : parts) {
                    if (part.owns(next.type())) {
                        part.references(connection, next, false, parent -> {
                            trace.reference(Optional.of(next), parent);
                            chain.push(parent);
                        });
                    }
                }
            }
        }
    }

    private void expand(GcNode node) throws SQLException {
        backwards.getOrDefault(node, List.of()).forEach(to -> follow(node, to));
        switch (node.type()) {
            case GcNode.CONTENT ->
                Db.one(
                                connection,
                                "SELECT labels FROM content WHERE namespace=?1 AND digest=?2"
                                        + " UNION ALL SELECT labels FROM lost WHERE namespace=?1 AND digest=?2",
                                row -> row.getString(1),
                                node.namespace(),
                                node.key())
                        .ifPresent(labels ->
                                GcLabels.references(node.namespace(), Columns.labels(labels), to -> follow(node, to)));
            case GcNode.IMAGE -> {
                record Target(String digest, String labels) {}
                Db.one(
                                connection,
                                "SELECT digest, labels FROM image WHERE namespace=? AND name=?",
                                row -> new Target(row.getString(1), row.getString(2)),
                                node.namespace(),
                                node.key())
                        .ifPresent(target -> {
                            follow(node, GcNode.content(node.namespace(), target.digest()));
                            GcLabels.references(
                                    node.namespace(), Columns.labels(target.labels()), to -> follow(node, to));
                        });
            }
            default -> {
                for (var part : parts) {
                    if (part.owns(node.type())) {
                        part.references(connection, node, true, to -> follow(node, to));
                    }
                }
            }
        }
    }

    /// `gc.bref.<type>`: this object lives while the named one does.
    private void noteBackReferences(GcNode node, Map<String, String> labels) {
        labels.forEach((key, value) -> {
            if (key.startsWith(BACK_REFERENCE)) {
                var named = named(node.namespace(), key.substring(BACK_REFERENCE.length()), value);
                backwards.computeIfAbsent(named, _ -> new ArrayList<>()).add(node);
            }
        });
    }

    private static GcNode named(String namespace, String what, String value) {
        if (what.startsWith("snapshot.")) {
            var snapshotter = what.substring("snapshot.".length());
            int slash = snapshotter.indexOf('/');
            return GcNode.snapshot(namespace, slash < 0 ? snapshotter : snapshotter.substring(0, slash), value);
        }
        int end = 0;
        while (end < what.length() && what.charAt(end) != '.' && what.charAt(end) != '/') {
            end++;
        }
        return new GcNode(namespace, what.substring(0, end), value);
    }
}
