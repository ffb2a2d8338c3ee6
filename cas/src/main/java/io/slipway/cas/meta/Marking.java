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
import java.util.Set;

/// Finds what is alive: from the roots along references, inside one transaction (containerd-semantics 8).
///
/// A node is *kept* when it is reachable, and *followed* when its labels count too; a lease with `gc.flat`
/// keeps what it holds without following it.
final class Marking {

    private static final String BACK_REFERENCE = "containerd.io/gc.bref.";

    private final Connection connection;
    private final List<GcRoots> parts;
    private final Instant now;
    private final Set<GcNode> kept = new HashSet<>();
    private final Set<GcNode> followed = new HashSet<>();
    private final Deque<GcNode> pending = new ArrayDeque<>();
    private final Map<GcNode, List<GcNode>> backwards = new HashMap<>();

    Marking(Connection connection, List<GcRoots> parts, Instant now) {
        this.connection = connection;
        this.parts = parts;
        this.now = now;
    }

    /// @param held content that is open, leased to an asker or arriving, whatever namespace sees it
    void run(Set<Digest> held) throws SQLException {
        contentRoots(held);
        imageRoots();
        for (var part : parts) {
            part.roots(connection, this::follow);
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
                    row -> follow(GcNode.content(row.getString(1), digest.toString())),
                    digest.toString());
        }
        Db.each(
                connection,
                "SELECT digest FROM cache_index",
                row -> follow(GcNode.content(Namespaces.MIRROR, row.getString(1))));
        // Only rows that say something about collection themselves need their labels read here.
        Db.each(
                connection,
                "SELECT namespace, digest, labels FROM content WHERE labels LIKE '%containerd.io/gc.root%'"
                        + " OR labels LIKE '%containerd.io/gc.expire%' OR labels LIKE '%" + BACK_REFERENCE + "%'",
                row -> {
                    var node = GcNode.content(row.getString(1), row.getString(2));
                    var labels = Columns.labels(row.getString(3));
                    if (GcLabels.isRoot(labels, now)) {
                        follow(node);
                    }
                    noteBackReferences(node, labels);
                });
    }

    private void imageRoots() throws SQLException {
        Db.each(connection, "SELECT namespace, name, labels FROM image", row -> {
            var node = new GcNode(row.getString(1), GcNode.IMAGE, row.getString(2));
            var labels = Columns.labels(row.getString(3));
            if (!GcLabels.isExpired(labels, now)) {
                follow(node);
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
            boolean flat = lease.labels().containsKey(GcLabels.FLAT);
            Db.each(
                    connection,
                    "SELECT type, id FROM lease_resource WHERE namespace=? AND lease=?",
                    row -> {
                        var node = resource(lease.namespace(), row.getString(1), row.getString(2));
                        if (flat) {
                            keepFlat(node);
                        } else {
                            follow(node);
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

    private void follow(GcNode node) {
        if (followed.add(node)) {
            kept.add(node);
            pending.push(node);
        }
    }

    /// Parents of a snapshot count even without labels: it can't exist without them.
    private void keepFlat(GcNode node) throws SQLException {
        var chain = new ArrayDeque<GcNode>();
        chain.push(node);
        while (!chain.isEmpty()) {
            var next = chain.pop();
            if (kept.add(next)) {
                for (var part : parts) {
                    if (part.owns(next.type())) {
                        part.references(connection, next, false, chain::push);
                    }
                }
            }
        }
    }

    private void expand(GcNode node) throws SQLException {
        backwards.getOrDefault(node, List.of()).forEach(this::follow);
        switch (node.type()) {
            case GcNode.CONTENT ->
                Db.one(
                                connection,
                                "SELECT labels FROM content WHERE namespace=? AND digest=?",
                                row -> row.getString(1),
                                node.namespace(),
                                node.key())
                        .ifPresent(
                                labels -> GcLabels.references(node.namespace(), Columns.labels(labels), this::follow));
            case GcNode.IMAGE -> {
                record Target(String digest, String labels) {}
                Db.one(
                                connection,
                                "SELECT digest, labels FROM image WHERE namespace=? AND name=?",
                                row -> new Target(row.getString(1), row.getString(2)),
                                node.namespace(),
                                node.key())
                        .ifPresent(target -> {
                            follow(GcNode.content(node.namespace(), target.digest()));
                            GcLabels.references(node.namespace(), Columns.labels(target.labels()), this::follow);
                        });
            }
            default -> {
                for (var part : parts) {
                    if (part.owns(node.type())) {
                        part.references(connection, node, true, this::follow);
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
