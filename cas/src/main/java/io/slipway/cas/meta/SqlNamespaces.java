package io.slipway.cas.meta;

import io.slipway.api.events.NamespaceCreate;
import io.slipway.api.events.NamespaceDelete;
import io.slipway.api.events.NamespaceUpdate;
import io.slipway.cas.ApiException;
import io.slipway.cas.Events;
import io.slipway.cas.GcRoots;
import io.slipway.cas.Identifier;
import io.slipway.cas.LabelUpdate;
import io.slipway.cas.Metadata;
import io.slipway.cas.Namespaces;
import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/// [Namespaces] in the table `namespace`.
final class SqlNamespaces implements Namespaces {

    private final Metadata metadata;
    private final Events events;
    private final Supplier<List<GcRoots>> parts;

    SqlNamespaces(Metadata metadata, Events events, Supplier<List<GcRoots>> parts) {
        this.metadata = metadata;
        this.events = events;
        this.parts = parts;
    }

    @Override
    public Namespace get(String name) throws IOException {
        return metadata.read(connection -> Db.one(
                        connection,
                        "SELECT labels FROM namespace WHERE name=?",
                        row -> new Namespace(name, Columns.labels(row.getString(1))),
                        name)
                .orElse(new Namespace(name, Map.of())));
    }

    @Override
    public List<Namespace> list() throws IOException {
        return metadata.read(connection -> Db.list(
                connection,
                "SELECT name, labels FROM namespace ORDER BY name",
                row -> new Namespace(row.getString(1), Columns.labels(row.getString(2)))));
    }

    @Override
    public Namespace create(String name, Map<String, String> labels) throws IOException {
        Identifier.check(name);
        Labels.check(labels);
        metadata.write(connection -> {
            int inserted = Db.update(
                    connection,
                    "INSERT INTO namespace(name, labels) VALUES(?,?) ON CONFLICT DO NOTHING",
                    name,
                    Columns.labels(labels));
            if (inserted == 0) {
                throw ApiException.alreadyExists("namespace \"" + name + "\"");
            }
            return true;
        });
        events.publish(
                name,
                "/namespaces/create",
                NamespaceCreate.newBuilder().setName(name).putAllLabels(labels).build());
        return new Namespace(name, labels);
    }

    @Override
    public Namespace update(String name, LabelUpdate change) throws IOException {
        Identifier.check(name);
        var updated = metadata.write(connection -> {
            var before = Db.one(
                            connection,
                            "SELECT labels FROM namespace WHERE name=?",
                            row -> Columns.labels(row.getString(1)),
                            name)
                    .orElse(Map.of());
            var after = Labels.check(change.applyTo(before));
            ensure(connection, name);
            Db.update(connection, "UPDATE namespace SET labels=? WHERE name=?", Columns.labels(after), name);
            return new Namespace(name, after);
        });
        events.publish(
                name,
                "/namespaces/update",
                NamespaceUpdate.newBuilder()
                        .setName(name)
                        .putAllLabels(updated.labels())
                        .build());
        return updated;
    }

    @Override
    public void delete(String name) throws IOException {
        metadata.write(connection -> {
            boolean exists = Db.one(connection, "SELECT 1 FROM namespace WHERE name=?", row -> row.getInt(1), name)
                    .isPresent();
            if (!exists) {
                throw ApiException.notFound("namespace \"" + name + "\"");
            }
            var holds = holds(connection, name);
            if (!holds.isEmpty()) {
                throw ApiException.failedPrecondition(
                        "namespace \"" + name + "\" must be empty, but it still has " + String.join(", ", holds));
            }
            for (var table : List.of("lease", "lease_resource", "ingest")) {
                Db.update(connection, "DELETE FROM " + table + " WHERE namespace=?", name);
            }
            Db.update(connection, "DELETE FROM namespace WHERE name=?", name);
            return true;
        });
        events.publish(
                name,
                "/namespaces/delete",
                NamespaceDelete.newBuilder().setName(name).build());
    }

    @Override
    public void ensure(Connection connection, String name) throws SQLException {
        Identifier.check(name);
        Db.update(connection, "INSERT INTO namespace(name, labels) VALUES(?,'') ON CONFLICT DO NOTHING", name);
    }

    private List<String> holds(Connection connection, String name) throws SQLException {
        var holds = new ArrayList<String>();
        if (any(connection, "image", name)) {
            holds.add("images");
        }
        if (any(connection, "content", name)) {
            holds.add("blobs");
        }
        for (var part : parts.get()) {
            holds.addAll(part.holds(connection, name));
        }
        return holds;
    }

    private static boolean any(Connection connection, String table, String namespace) throws SQLException {
        return Db.one(
                        connection,
                        "SELECT 1 FROM " + table + " WHERE namespace=? LIMIT 1",
                        row -> row.getInt(1),
                        namespace)
                .isPresent();
    }
}
