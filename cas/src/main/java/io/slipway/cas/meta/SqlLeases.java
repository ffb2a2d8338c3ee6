package io.slipway.cas.meta;

import io.slipway.cas.ApiException;
import io.slipway.cas.Collector;
import io.slipway.cas.Digest;
import io.slipway.cas.GcLabels;
import io.slipway.cas.Lease;
import io.slipway.cas.Leases;
import io.slipway.cas.Metadata;
import io.slipway.cas.Namespaces;
import io.slipway.cas.filter.Fields;
import io.slipway.cas.filter.Filter;
import java.io.IOException;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.random.RandomGenerator;

/// [Leases] in the tables `lease` and `lease_resource`.
final class SqlLeases implements Leases {

    private static final String ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

    private final Metadata metadata;
    private final Namespaces namespaces;
    private final Collector collector;
    private final Clock clock;
    private final RandomGenerator random;

    SqlLeases(Metadata metadata, Namespaces namespaces, Collector collector, Clock clock, RandomGenerator random) {
        this.metadata = metadata;
        this.namespaces = namespaces;
        this.collector = collector;
        this.clock = clock;
        this.random = random;
    }

    @Override
    public Lease create(String namespace, Optional<String> id, Map<String, String> labels) throws IOException {
        Labels.check(labels);
        var lease =
                new Lease(id.filter(given -> !given.isEmpty()).orElseGet(this::randomId), Columns.now(clock), labels);
        return metadata.write(connection -> {
            namespaces.ensure(connection, namespace);
            int inserted = Db.update(
                    connection,
                    "INSERT INTO lease(namespace, id, created, labels) VALUES(?,?,?,?) ON CONFLICT DO NOTHING",
                    namespace,
                    lease.id(),
                    Columns.time(lease.createdAt()),
                    Columns.labels(labels));
            if (inserted == 0) {
                throw ApiException.alreadyExists("lease \"" + lease.id() + "\"");
            }
            return lease;
        });
    }

    @Override
    public Lease createFor(String namespace, Duration ttl, Map<String, String> labels) throws IOException {
        var all = new LinkedHashMap<>(labels);
        all.put(
                GcLabels.EXPIRE,
                clock.instant().plus(ttl).truncatedTo(ChronoUnit.SECONDS).toString());
        return create(namespace, Optional.empty(), all);
    }

    /// `<time>-<4 chars>`, as containerd's clients make them.
    private String randomId() {
        var id = new StringBuilder();
        id.append(Columns.time(clock.instant())).append('-');
        for (int i = 0; i < 4; i++) {
            id.append(ALPHABET.charAt(random.nextInt(ALPHABET.length())));
        }
        return id.toString();
    }

    @Override
    public Optional<Lease> get(String namespace, String id) throws IOException {
        return metadata.read(connection -> Db.one(
                connection,
                "SELECT id, created, labels FROM lease WHERE namespace=? AND id=?",
                SqlLeases::lease,
                namespace,
                id));
    }

    @Override
    public void delete(String namespace, String id, boolean sync) throws IOException {
        metadata.write(connection -> {
            if (Db.update(connection, "DELETE FROM lease WHERE namespace=? AND id=?", namespace, id) == 0) {
                throw ApiException.notFound("lease \"" + id + "\"");
            }
            Db.update(connection, "DELETE FROM lease_resource WHERE namespace=? AND lease=?", namespace, id);
            return true;
        });
        if (sync) {
            collector.collect();
        } else {
            collector.schedule();
        }
    }

    @Override
    public List<Lease> list(String namespace, Filter filter) throws IOException {
        return metadata
                .read(connection -> Db.list(
                        connection,
                        "SELECT id, created, labels FROM lease WHERE namespace=? ORDER BY id",
                        SqlLeases::lease,
                        namespace))
                .stream()
                .filter(lease -> filter.matches(fields(lease)))
                .toList();
    }

    private static Fields fields(Lease lease) {
        return path -> switch (path.getFirst()) {
            case "id" -> Fields.text(lease.id(), path);
            case "labels" -> Fields.inMap(lease.labels(), path);
            default -> Optional.empty();
        };
    }

    @Override
    public void add(String namespace, String id, Resource resource) throws IOException {
        check(resource);
        metadata.write(connection -> {
            require(connection, namespace, id);
            insert(connection, namespace, id, resource);
            return true;
        });
    }

    @Override
    public void remove(String namespace, String id, Resource resource) throws IOException {
        check(resource);
        metadata.write(connection -> {
            require(connection, namespace, id);
            Db.update(
                    connection,
                    "DELETE FROM lease_resource WHERE namespace=? AND lease=? AND type=? AND id=?",
                    namespace,
                    id,
                    resource.type(),
                    resource.id());
            return true;
        });
        collector.schedule();
    }

    @Override
    public List<Resource> resources(String namespace, String id) throws IOException {
        return metadata.read(connection -> {
            require(connection, namespace, id);
            return Db.list(
                    connection,
                    "SELECT type, id FROM lease_resource WHERE namespace=? AND lease=? ORDER BY type, id",
                    row -> new Resource(row.getString(1), row.getString(2)),
                    namespace,
                    id);
        });
    }

    @Override
    public void attach(Connection connection, String namespace, Optional<String> lease, Resource resource)
            throws SQLException {
        if (lease.isPresent()) {
            if (!exists(connection, namespace, lease.get())) {
                throw ApiException.notFound("lease does not exist");
            }
            insert(connection, namespace, lease.get(), resource);
        }
    }

    private static void insert(Connection connection, String namespace, String lease, Resource resource)
            throws SQLException {
        Db.update(
                connection,
                "INSERT INTO lease_resource(namespace, lease, type, id) VALUES(?,?,?,?) ON CONFLICT DO NOTHING",
                namespace,
                lease,
                resource.type(),
                resource.id());
    }

    private static void require(Connection connection, String namespace, String id) throws SQLException {
        if (!exists(connection, namespace, id)) {
            throw ApiException.notFound("lease \"" + id + "\"");
        }
    }

    private static boolean exists(Connection connection, String namespace, String id) throws SQLException {
        return Db.one(connection, "SELECT 1 FROM lease WHERE namespace=? AND id=?", row -> row.getInt(1), namespace, id)
                .isPresent();
    }

    private static void check(Resource resource) {
        var type = resource.type();
        boolean snapshot = type.startsWith("snapshots/") && type.length() > "snapshots/".length();
        if (type.equals("content")) {
            requireDigest(resource.id());
        } else if (!type.equals("ingests") && !type.equals("images") && !snapshot) {
            throw ApiException.unimplemented("resource type " + type + " not supported yet");
        }
    }

    private static void requireDigest(String text) {
        try {
            var _ = Digest.parse(text);
        } catch (IllegalArgumentException e) {
            throw ApiException.invalid("\"" + text + "\" is not a digest: " + e.getMessage());
        }
    }

    private static Lease lease(ResultSet row) throws SQLException {
        return new Lease(row.getString(1), Columns.time(row.getLong(2)), Columns.labels(row.getString(3)));
    }
}
