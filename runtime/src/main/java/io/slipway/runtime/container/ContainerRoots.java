package io.slipway.runtime.container;

import io.slipway.api.services.containers.v1.Container;
import io.slipway.cas.GcLabels;
import io.slipway.cas.GcNode;
import io.slipway.cas.GcRoots;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/// Containers in garbage collection: each is a root, keeps its snapshot and what its labels name, and is never
/// collected itself.
final class ContainerRoots implements GcRoots {
    @Override
    public boolean owns(String type) {
        return type.equals(GcNode.CONTAINER);
    }

    @Override
    public void roots(Connection connection, Consumer<GcNode> root) throws SQLException {
        try (PreparedStatement query = connection.prepareStatement("SELECT namespace, id FROM container");
                ResultSet rows = query.executeQuery()) {
            while (rows.next()) {
                root.accept(new GcNode(rows.getString(1), GcNode.CONTAINER, rows.getString(2)));
            }
        }
    }

    @Override
    public void references(Connection connection, GcNode node, boolean labels, Consumer<GcNode> reference)
            throws SQLException {
        Optional<Container> container = Containers.select(connection, node.namespace(), node.key());
        if (container.isEmpty()) {
            return;
        }
        String key = container.get().getSnapshotKey();
        if (!key.isEmpty()) {
            reference.accept(GcNode.snapshot(node.namespace(), container.get().getSnapshotter(), key));
        }
        if (labels) {
            GcLabels.references(node.namespace(), container.get().getLabelsMap(), reference);
        }
    }

    @Override
    public void candidates(Connection connection, Consumer<GcNode> candidate) {
        // containers go when their owner deletes them, never by collection
    }

    @Override
    public boolean remove(Connection connection, GcNode node) {
        return false;
    }

    @Override
    public void removed(List<GcNode> nodes) {
        // nothing was handed over to be removed
    }

    @Override
    public List<String> holds(Connection connection, String namespace) throws SQLException {
        try (PreparedStatement query =
                connection.prepareStatement("SELECT 1 FROM container WHERE namespace = ? LIMIT 1")) {
            query.setString(1, namespace);
            try (ResultSet rows = query.executeQuery()) {
                return rows.next() ? List.of("containers") : List.of();
            }
        }
    }
}
