package io.slipway.cas.meta;

import io.slipway.cas.Digest;
import io.slipway.cas.GcLabels;
import io.slipway.cas.GcNode;
import io.slipway.cas.GcRoots;
import io.slipway.cas.Inspection;
import io.slipway.cas.Inspection.Keeper;
import io.slipway.cas.Inspection.Step;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// Finds the roots that keep a blob, and the shortest way from each.
///
/// References are stored at the side that refers, so this marks as a collection does and notes what leads to the
/// blob; then again for what leads to that, and so on. Nothing but the way itself is kept in memory, however
/// large the store.
final class Keepers {

    /// Steps of a way: a layer, its manifest, an index, an image, and chains of snapshots beside them.
    private static final int STEPS_MAX = 64;

    private final Connection connection;
    private final List<GcRoots> parts;
    private final Instant now;

    /// The step after a node on the way to the blob.
    private final Map<GcNode, GcNode> next = new LinkedHashMap<>();

    private final Set<GcNode> roots = new LinkedHashSet<>();

    Keepers(Connection connection, List<GcRoots> parts, Instant now) {
        this.connection = connection;
        this.parts = parts;
        this.now = now;
    }

    /// @param more keepers beyond those listed
    record Found(List<Keeper> keepers, int more) {}

    Found of(Digest digest) throws SQLException {
        var blob = digest.toString();
        Set<GcNode> targets = new HashSet<>();
        var frontier =
                ways(node -> node.type().equals(GcNode.CONTENT) && node.key().equals(blob), targets);
        for (int step = 0; step < STEPS_MAX && !frontier.isEmpty(); step++) {
            var from = frontier;
            frontier = ways(from::contains, targets);
        }
        var keepers = new ArrayList<Keeper>();
        for (var root : roots) {
            if (keepers.size() == Inspection.KEEPERS_MAX) {
                break;
            }
            keepers.add(new Keeper(path(root)));
        }
        return new Found(keepers, roots.size() - keepers.size());
    }

    private interface Wanted {
        boolean is(GcNode node);
    }

    /// Marks once; what leads to a wanted node, and has not been seen yet.
    private Set<GcNode> ways(Wanted wanted, Set<GcNode> targets) throws SQLException {
        var found = new LinkedHashSet<GcNode>();
        boolean first = targets.isEmpty();
        var marking = new Marking(connection, parts, now, (from, to) -> {
            if (!wanted.is(to)) {
                return;
            }
            if (first) {
                targets.add(to);
            }
            if (from.isEmpty()) {
                roots.add(to);
            } else if (!targets.contains(from.get()) && next.putIfAbsent(from.get(), to) == null) {
                found.add(from.get());
                if (isRoot(from.get())) {
                    roots.add(from.get());
                }
            }
        });
        marking.run(Set.of());
        return found;
    }

    /// These are roots that nothing is said to lead to.
    private static boolean isRoot(GcNode node) {
        return node.type().equals(GcNode.LEASE) || node.type().equals(Marking.CACHE);
    }

    private List<Step> path(GcNode root) throws SQLException {
        var path = new ArrayList<Step>();
        path.add(new Step(root, ""));
        for (var at = root; next.containsKey(at); ) {
            var to = next.get(at);
            path.add(new Step(to, label(at, to)));
            at = to;
        }
        return path;
    }

    private String label(GcNode from, GcNode to) throws SQLException {
        var query = switch (from.type()) {
            case GcNode.CONTENT -> "SELECT labels, '' FROM content WHERE namespace=? AND digest=?";
            case GcNode.IMAGE -> "SELECT labels, digest FROM image WHERE namespace=? AND name=?";
            default -> "";
        };
        if (query.isEmpty()) {
            return "";
        }
        record Row(String labels, String target) {}
        Optional<Row> row = Db.one(
                connection,
                query,
                found -> new Row(found.getString(1), found.getString(2)),
                from.namespace(),
                from.key());
        if (row.isEmpty()) {
            return "";
        }
        if (row.get().target().equals(to.key())) {
            return "target";
        }
        var names = new ArrayList<String>();
        GcLabels.labelled(from.namespace(), Columns.labels(row.get().labels()), (label, node) -> {
            if (node.equals(to)) {
                names.add(label);
            }
        });
        return names.isEmpty() ? "" : names.getFirst();
    }
}
