package io.slipway.runtime.container;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Timestamp;
import io.slipway.api.events.ContainerCreate;
import io.slipway.api.events.ContainerDelete;
import io.slipway.api.events.ContainerUpdate;
import io.slipway.api.services.containers.v1.Container;
import io.slipway.cas.ApiException;
import io.slipway.cas.Collector;
import io.slipway.cas.Events;
import io.slipway.cas.Metadata;
import io.slipway.cas.Namespaces;
import io.slipway.cas.filter.Fields;
import io.slipway.cas.filter.Filter;
import io.slipway.runtime.shim.Bundles;
import java.io.IOException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// The container records of all namespaces.
///
/// A record is stored as the message the client sent, byte for byte, so that specs, options and extensions of types
/// nobody here knows come back unchanged; only the two times are ours. Creating, changing and deleting a record
/// touches
/// neither task nor snapshot; a snapshot named by a record is kept from collection. Blocking; any thread but an
/// event
/// loop. Refusals are [ApiException]s, failures of the database are IOExceptions.
public final class Containers {
    /// Records read from the database at a time.
    private static final int PAGE = 64;

    private static final List<String> SCHEMA = List.of("CREATE TABLE container (namespace TEXT NOT NULL,"
            + " id TEXT NOT NULL, record BLOB NOT NULL, PRIMARY KEY (namespace, id)) STRICT");

    private final Metadata metadata;
    private final Namespaces namespaces;
    private final Events events;
    private final Collector collector;
    private final Clock clock;

    /// Declares the table; nothing is read yet.
    ///
    /// @param bundles what records are made from again when the database was replaced
    public Containers(
            Metadata metadata,
            Namespaces namespaces,
            Events events,
            Collector collector,
            Bundles bundles,
            Clock clock) {
        this.metadata = metadata;
        this.namespaces = namespaces;
        this.events = events;
        this.collector = collector;
        this.clock = clock;
        metadata.schema("containers", SCHEMA, new ContainerRebuild(bundles, namespaces, clock));
        collector.join(new ContainerRoots());
    }

    /// Receives records one by one.
    public interface Sink {
        /// Takes one record.
        void accept(Container container) throws InterruptedException;
    }

    /// The record of `id`.
    ///
    /// @throws ApiException NOT_FOUND
    public Container get(String namespace, String id) throws IOException {
        return find(namespace, id).orElseThrow(() -> absent(namespace, id));
    }

    /// The record of `id` if there is one.
    public Optional<Container> find(String namespace, String id) throws IOException {
        return metadata.read(connection -> select(connection, namespace, id));
    }

    /// Hands over the records of `namespace` that match, ordered by id. Reads page by page: memory does not grow
    /// with
    /// their number, and a record changed meanwhile may be seen before or after the change.
    public void list(String namespace, List<String> filters, Sink sink) throws IOException, InterruptedException {
        Filter filter = Filter.parse(filters);
        String after = "";
        while (true) {
            String from = after;
            List<Container> page = metadata.read(connection -> page(connection, namespace, from));
            for (Container container : page) {
                if (filter.matches(fields(container))) {
                    sink.accept(container);
                }
            }
            if (page.size() < PAGE) {
                return;
            }
            after = page.getLast().getId();
        }
    }

    /// Stores a new record.
    ///
    /// @throws ApiException INVALID_ARGUMENT, ALREADY_EXISTS
    public Container create(String namespace, Container wanted) throws IOException {
        ContainerRules.check("create", wanted);
        Timestamp now = now();
        Container container =
                wanted.toBuilder().setCreatedAt(now).setUpdatedAt(now).build();
        metadata.write(connection -> {
            namespaces.ensure(connection, namespace);
            if (select(connection, namespace, container.getId()).isPresent()) {
                throw ApiException.alreadyExists(named(namespace, container.getId()));
            }
            return store(connection, namespace, container);
        });
        ContainerCreate.Builder event =
                ContainerCreate.newBuilder().setId(container.getId()).setImage(container.getImage());
        ContainerCreate.Runtime.Builder runtime = ContainerCreate.Runtime.newBuilder()
                .setName(container.getRuntime().getName());
        if (container.getRuntime().hasOptions()) {
            runtime.setOptions(container.getRuntime().getOptions());
        }
        events.publish(
                namespace, "/containers/create", event.setRuntime(runtime).build());
        return container;
    }

    /// Changes a record.
    ///
    /// @param paths of the update mask; empty means every mutable field
    /// @throws ApiException NOT_FOUND, INVALID_ARGUMENT
    public Container update(String namespace, Container wanted, List<String> paths) throws IOException {
        if (wanted.getId().isEmpty()) {
            throw ApiException.invalid("Container.ID required");
        }
        Timestamp now = now();
        Container container = metadata.write(connection -> {
            Container stored =
                    select(connection, namespace, wanted.getId()).orElseThrow(() -> absent(namespace, wanted.getId()));
            Container next = ContainerRules.update(stored, wanted, paths).toBuilder()
                    .setUpdatedAt(now)
                    .build();
            return store(connection, namespace, next);
        });
        events.publish(
                namespace,
                "/containers/update",
                ContainerUpdate.newBuilder()
                        .setId(container.getId())
                        .setImage(container.getImage())
                        .putAllLabels(container.getLabelsMap())
                        .setSnapshotKey(container.getSnapshotKey())
                        .build());
        return container;
    }

    /// Removes a record.
    ///
    /// @throws ApiException NOT_FOUND
    public void delete(String namespace, String id) throws IOException {
        metadata.write(connection -> {
            try (PreparedStatement delete =
                    connection.prepareStatement("DELETE FROM container WHERE namespace = ? AND id = ?")) {
                delete.setString(1, namespace);
                delete.setString(2, id);
                if (delete.executeUpdate() == 0) {
                    throw absent(namespace, id);
                }
                return id;
            }
        });
        events.publish(
                namespace,
                "/containers/delete",
                ContainerDelete.newBuilder().setId(id).build());
        collector.schedule();
    }

    /// Records by namespace.
    public Map<String, Long> counts() throws IOException {
        return metadata.read(connection -> {
            Map<String, Long> counts = new HashMap<>();
            try (PreparedStatement query = connection.prepareStatement(
                            "SELECT namespace, COUNT(*) FROM container GROUP BY namespace");
                    ResultSet rows = query.executeQuery()) {
                while (rows.next()) {
                    counts.put(rows.getString(1), rows.getLong(2));
                }
            }
            return counts;
        });
    }

    static Container parse(byte[] record) throws SQLException {
        try {
            return Container.parseFrom(record);
        } catch (InvalidProtocolBufferException e) {
            throw new SQLException("a container record does not parse", e);
        }
    }

    static Optional<Container> select(Connection connection, String namespace, String id) throws SQLException {
        try (PreparedStatement query =
                connection.prepareStatement("SELECT record FROM container WHERE namespace = ? AND id = ?")) {
            query.setString(1, namespace);
            query.setString(2, id);
            try (ResultSet rows = query.executeQuery()) {
                return rows.next() ? Optional.of(parse(rows.getBytes(1))) : Optional.empty();
            }
        }
    }

    private static List<Container> page(Connection connection, String namespace, String after) throws SQLException {
        try (PreparedStatement query = connection.prepareStatement(
                "SELECT record FROM container WHERE namespace = ? AND id > ? ORDER BY id LIMIT ?")) {
            query.setString(1, namespace);
            query.setString(2, after);
            query.setInt(3, PAGE);
            List<Container> page = new ArrayList<>();
            try (ResultSet rows = query.executeQuery()) {
                while (rows.next()) {
                    page.add(parse(rows.getBytes(1)));
                }
            }
            return page;
        }
    }

    static Container store(Connection connection, String namespace, Container container) throws SQLException {
        try (PreparedStatement insert =
                connection.prepareStatement("INSERT INTO container (namespace, id, record) VALUES (?, ?, ?)"
                        + " ON CONFLICT (namespace, id) DO UPDATE SET record = excluded.record")) {
            insert.setString(1, namespace);
            insert.setString(2, container.getId());
            insert.setBytes(3, container.toByteArray());
            insert.executeUpdate();
            return container;
        }
    }

    private static Fields fields(Container container) {
        return path -> switch (path.getFirst()) {
            case "id" -> Fields.text(container.getId(), path);
            case "image" -> Fields.text(container.getImage(), path);
            case "runtime" ->
                path.size() > 1 && path.get(1).equals("name")
                        ? Fields.text(container.getRuntime().getName(), path.subList(1, path.size()))
                        : Optional.empty();
            case "labels" -> Fields.inMap(container.getLabelsMap(), path);
            default -> Optional.empty();
        };
    }

    private Timestamp now() {
        Instant now = clock.instant();
        return Timestamp.newBuilder()
                .setSeconds(now.getEpochSecond())
                .setNanos(now.getNano())
                .build();
    }

    private static String named(String namespace, String id) {
        return "container \"" + id + "\" in namespace \"" + namespace + "\"";
    }

    private static ApiException absent(String namespace, String id) {
        return ApiException.notFound(named(namespace, id));
    }
}
