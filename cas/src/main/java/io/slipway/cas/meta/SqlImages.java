package io.slipway.cas.meta;

import com.google.protobuf.Message;
import io.slipway.api.services.images.v1.ImageCreate;
import io.slipway.api.services.images.v1.ImageDelete;
import io.slipway.api.services.images.v1.ImageUpdate;
import io.slipway.cas.ApiException;
import io.slipway.cas.Collector;
import io.slipway.cas.Descriptor;
import io.slipway.cas.Digest;
import io.slipway.cas.Events;
import io.slipway.cas.Image;
import io.slipway.cas.Images;
import io.slipway.cas.LabelUpdate;
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
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// [Images] in the table `image`.
final class SqlImages implements Images {

    static final String COLUMNS = "name, media_type, digest, size, annotations, labels, created, updated";

    private final Metadata metadata;
    private final Namespaces namespaces;
    private final Leases leases;
    private final Collector collector;
    private final Events events;
    private final Clock clock;
    private final Runnable changed;

    /// @param changed told after every change
    SqlImages(
            Metadata metadata,
            Namespaces namespaces,
            Leases leases,
            Collector collector,
            Events events,
            Clock clock,
            Runnable changed) {
        this.metadata = metadata;
        this.namespaces = namespaces;
        this.leases = leases;
        this.collector = collector;
        this.events = events;
        this.clock = clock;
        this.changed = changed;
    }

    @Override
    public Optional<Image> get(String namespace, String name) throws IOException {
        return metadata.read(connection -> find(connection, namespace, name));
    }

    @Override
    public List<Image> list(String namespace, Filter filter) throws IOException {
        return metadata
                .read(connection -> Db.list(
                        connection,
                        "SELECT " + COLUMNS + " FROM image WHERE namespace=? ORDER BY name",
                        SqlImages::image,
                        namespace))
                .stream()
                .filter(image -> filter.matches(fields(image)))
                .toList();
    }

    private static Fields fields(Image image) {
        return path -> switch (path.getFirst()) {
            case "name" -> Fields.text(image.name(), path);
            case "target" ->
                path.size() != 2
                        ? Optional.empty()
                        : switch (path.get(1)) {
                            case "digest" -> Optional.of(image.target().digest().toString());
                            case "mediatype" -> Optional.of(image.target().mediaType());
                            default -> Optional.empty();
                        };
            case "labels" -> Fields.inMap(image.labels(), path);
            case "annotations" -> Fields.inMap(image.target().annotations(), path);
            default -> Optional.empty();
        };
    }

    @Override
    public Image create(
            String namespace,
            String name,
            Descriptor target,
            Map<String, String> labels,
            Optional<String> lease,
            Optional<Instant> at)
            throws IOException {
        var now = at.orElseGet(() -> Columns.now(clock));
        var image = check(new Image(name, labels, target, now, now));
        metadata.write(connection -> {
            if (find(connection, namespace, name).isPresent()) {
                throw ApiException.alreadyExists("image \"" + name + "\"");
            }
            store(connection, namespace, image, lease);
            return true;
        });
        announce(namespace, "/images/create", created(image));
        return image;
    }

    @Override
    public Image update(String namespace, String name, Change change, Optional<String> lease, Optional<Instant> at)
            throws IOException {
        requireName(name);
        var updated = metadata.write(connection -> {
            var before = find(connection, namespace, name).orElseThrow(() -> unknown(name));
            var wanted = change.apply(before);
            var after = check(new Image(
                    name,
                    wanted.labels(),
                    wanted.target(),
                    before.createdAt(),
                    at.orElseGet(() -> Columns.now(clock))));
            store(connection, namespace, after, lease);
            return after;
        });
        announce(namespace, "/images/update", updated(updated));
        collector.schedule();
        return updated;
    }

    @Override
    public Image put(
            String namespace, String name, Descriptor target, Map<String, String> labels, Optional<String> lease)
            throws IOException {
        record Put(Image image, boolean created) {}
        var put = metadata.write(connection -> {
            var before = find(connection, namespace, name);
            var now = Columns.now(clock);
            var after = check(new Image(
                    name,
                    new LabelUpdate.Set(labels)
                            .applyTo(before.map(Image::labels).orElse(Map.of())),
                    target,
                    before.map(Image::createdAt).orElse(now),
                    now));
            store(connection, namespace, after, lease);
            return new Put(after, before.isEmpty());
        });
        if (put.created()) {
            announce(namespace, "/images/create", created(put.image()));
        } else {
            announce(namespace, "/images/update", updated(put.image()));
            collector.schedule();
        }
        return put.image();
    }

    @Override
    public void delete(String namespace, String name, Optional<Digest> target, boolean sync) throws IOException {
        requireName(name);
        metadata.write(connection -> {
            var before = find(connection, namespace, name).orElseThrow(() -> unknown(name));
            if (target.isPresent() && !target.get().equals(before.target().digest())) {
                throw ApiException.notFound("image \"" + name + "\" with target " + target.get());
            }
            Db.update(connection, "DELETE FROM image WHERE namespace=? AND name=?", namespace, name);
            return true;
        });
        announce(
                namespace,
                "/images/delete",
                ImageDelete.newBuilder().setName(name).build());
        if (sync) {
            collector.collect();
        } else {
            collector.schedule();
        }
    }

    private void store(Connection connection, String namespace, Image image, Optional<String> lease)
            throws SQLException {
        namespaces.ensure(connection, namespace);
        Db.update(
                connection,
                "INSERT INTO image(namespace, " + COLUMNS + ") VALUES(?,?,?,?,?,?,?,?,?)"
                        + " ON CONFLICT(namespace, name) DO UPDATE SET media_type=excluded.media_type,"
                        + " digest=excluded.digest, size=excluded.size, annotations=excluded.annotations,"
                        + " labels=excluded.labels, updated=excluded.updated",
                namespace,
                image.name(),
                image.target().mediaType(),
                image.target().digest().toString(),
                image.target().size(),
                Columns.labels(image.target().annotations()),
                Columns.labels(image.labels()),
                Columns.time(image.createdAt()),
                Columns.time(image.updatedAt()));
        leases.attach(connection, namespace, lease, Leases.Resource.image(image.name()));
    }

    private void announce(String namespace, String topic, Message event) {
        changed.run();
        events.publish(namespace, topic, event);
    }

    private static Message created(Image image) {
        return ImageCreate.newBuilder()
                .setName(image.name())
                .putAllLabels(image.labels())
                .build();
    }

    private static Message updated(Image image) {
        return ImageUpdate.newBuilder()
                .setName(image.name())
                .putAllLabels(image.labels())
                .build();
    }

    private static Image check(Image image) {
        requireName(image.name());
        Labels.check(image.labels());
        if (image.target().size() <= 0) {
            throw ApiException.invalid("Target.Size must be greater than zero");
        }
        if (image.target().mediaType().isEmpty()) {
            throw ApiException.invalid("Target.MediaType must be set");
        }
        return image;
    }

    private static void requireName(String name) {
        if (name.isEmpty()) {
            throw ApiException.invalid("Image.Name required");
        }
    }

    private static ApiException unknown(String name) {
        return ApiException.notFound("image \"" + name + "\"");
    }

    private static Optional<Image> find(Connection connection, String namespace, String name) throws SQLException {
        return Db.one(
                connection,
                "SELECT " + COLUMNS + " FROM image WHERE namespace=? AND name=?",
                SqlImages::image,
                namespace,
                name);
    }

    static Image image(ResultSet row) throws SQLException {
        return new Image(
                row.getString("name"),
                Columns.labels(row.getString("labels")),
                new Descriptor(
                        row.getString("media_type"),
                        Digest.parse(row.getString("digest")),
                        row.getLong("size"),
                        Columns.labels(row.getString("annotations"))),
                Columns.time(row.getLong("created")),
                Columns.time(row.getLong("updated")));
    }
}
