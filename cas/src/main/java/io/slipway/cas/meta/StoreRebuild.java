package io.slipway.cas.meta;

import io.slipway.cas.Descriptor;
import io.slipway.cas.Digest;
import io.slipway.cas.GcLabels;
import io.slipway.cas.Metadata.Notes;
import io.slipway.cas.Metadata.Rebuild;
import io.slipway.cas.Namespaces;
import io.slipway.cas.file.Disk;
import io.slipway.cas.file.Rehash;
import io.slipway.cas.file.StoredBlobs;
import io.slipway.cas.meta.ManifestReferences.Reference;
import io.slipway.cas.meta.NamedImages.Named;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// Brings the records of the store in line with what lies in `content/`, from whatever copy of them there was.
///
/// 1. A blob that is on disk has a row, one that is not is lost ([Lost]), as is one of another length than was
/// recorded.
/// 2. Images are those that `index.json` names: it follows every change within a second, so an image of the copy that
/// it
///    does not name was deleted since. Without it they are those of the copy.
/// 3. What an image refers to is seen by its namespace, with the labels that keep it from collection.
/// 4. Blobs that nobody is known to see go to [#NAMESPACE] for [#KEPT]: a pull finds them there, the mirror, which asks
///    where a blob came from, does not.
///
/// The next scrub, which reads everything, is due at once.
final class StoreRebuild implements Rebuild {

    /// Where blobs are seen whose namespaces are not known.
    static final String NAMESPACE = "slipway-recovered";

    /// How long those are kept.
    static final Duration KEPT = Duration.ofDays(7);

    /// An image of the copy may have been put just before the index was written without it.
    private static final Duration INDEX_LAG = Duration.ofSeconds(1);

    /// Index, manifest, and one in reserve.
    private static final int DEPTH_MAX = 3;

    /// Larger manifests are not pulled either.
    private static final int MANIFEST_BYTES_MAX = 8 << 20;

    /// Rows taken at a time.
    private static final int PAGE_ROWS = 500;

    private final StoredBlobs blobs;
    private final Disk disk;
    private final Path indexFile;
    private final Namespaces namespaces;
    private final Clock clock;
    private final Runnable imagesChanged;

    StoreRebuild(
            StoredBlobs blobs, Disk disk, Path indexFile, Namespaces namespaces, Clock clock, Runnable imagesChanged) {
        this.blobs = blobs;
        this.disk = disk;
        this.indexFile = indexFile;
        this.namespaces = namespaces;
        this.clock = clock;
        this.imagesChanged = imagesChanged;
    }

    @Override
    public void run(Connection connection, Notes notes) throws SQLException {
        try {
            new Run(connection, notes, Columns.now(clock)).all();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        imagesChanged.run();
    }

    private final class Run {
        private final Connection connection;
        private final Notes notes;
        private final Instant now;
        private final Set<String> followed = new HashSet<>();

        Run(Connection connection, Notes notes, Instant now) {
            this.connection = connection;
            this.notes = notes;
            this.now = now;
        }

        void all() throws SQLException, IOException {
            Db.execute(
                    connection, "CREATE TABLE on_disk(digest TEXT PRIMARY KEY, size INTEGER NOT NULL) WITHOUT ROWID");
            listFiles();
            loseUnbacked();
            Db.update(
                    connection,
                    "INSERT INTO blob(digest, size, created, last_used) SELECT digest, size, ?1, ?1 FROM on_disk"
                            + " WHERE true ON CONFLICT DO NOTHING",
                    Columns.time(now));
            nameImages();
            for (var image : images()) {
                follow(image);
            }
            adoptRest();
            Db.execute(connection, "DROP TABLE on_disk");
            Db.execute(connection, "INSERT OR REPLACE INTO scrub(id, cursor, ended) VALUES(0, '', 0)");
        }

        private void listFiles() throws SQLException, IOException {
            try (var insert = connection.prepareStatement("INSERT INTO on_disk(digest, size) VALUES(?,?)")) {
                blobs.each(digest -> {
                    try {
                        insert.setString(1, digest.toString());
                        insert.setLong(2, blobs.size(digest).orElse(0));
                        insert.executeUpdate();
                    } catch (SQLException e) {
                        throw new IllegalStateException("a blob could not be listed", e);
                    } catch (IOException e) {
                        throw new UncheckedIOException(e);
                    }
                });
            }
        }

        private void loseUnbacked() throws SQLException, IOException {
            var query = "SELECT digest FROM (SELECT digest FROM blob UNION SELECT digest FROM content) AS known"
                    + " WHERE NOT EXISTS(SELECT 1 FROM on_disk WHERE digest=known.digest) LIMIT " + PAGE_ROWS;
            for (var gone = digests(query); !gone.isEmpty(); gone = digests(query)) {
                for (var digest : gone) {
                    var _ = Lost.lose(connection, digest);
                }
            }
            for (var digest : digests("SELECT digest FROM blob AS b WHERE EXISTS(SELECT 1 FROM on_disk"
                    + " WHERE digest=b.digest AND size<>b.size)")) {
                spoiled(digest, "has another length than was recorded");
            }
        }

        private List<Digest> digests(String query) throws SQLException {
            return Db.list(connection, query, row -> Digest.parse(row.getString(1)));
        }

        /// Nobody sees it any more; its file goes to quarantine.
        private void spoiled(Digest digest, String why) throws SQLException, IOException {
            var file = blobs.file(digest);
            if (file.isPresent()) {
                blobs.quarantine(digest, file.get());
            }
            var _ = Lost.lose(connection, digest);
            Db.update(connection, "DELETE FROM on_disk WHERE digest=?", digest.toString());
            notes.lost("blob " + digest + " " + why + " and went to quarantine; pull what needs it");
        }

        private void nameImages() throws SQLException, IOException {
            var named = NamedImages.read(indexFile);
            if (named.isEmpty()) {
                if (Files.exists(indexFile)) {
                    disk.rename(indexFile, indexFile.resolveSibling(indexFile.getFileName() + ".damaged"));
                    notes.lost("index.json can't be read, it is kept as index.json.damaged; images that were named"
                            + " since the copy are lost");
                }
                return;
            }
            if (named.get().unreadable() > 0) {
                notes.lost(named.get().unreadable() + " entries of index.json name no image");
            }
            var names = new HashSet<Key>();
            for (var image : named.get().images()) {
                names.add(new Key(image.namespace(), image.name()));
                put(image);
            }
            for (var image : images()) {
                if (!names.contains(image.key())
                        && image.updated().isBefore(named.get().written().minus(INDEX_LAG))) {
                    Db.update(
                            connection,
                            "DELETE FROM image WHERE namespace=? AND name=?",
                            image.key().namespace(),
                            image.key().name());
                }
            }
        }

        private void put(Named image) throws SQLException {
            namespaces.ensure(connection, image.namespace());
            var target = image.target();
            int changed = Db.update(
                    connection,
                    "INSERT INTO image(namespace, name, media_type, digest, size, annotations, labels, created,"
                        + " updated) VALUES(?1,?2,?3,?4,?5,?6,'',?7,?7) ON CONFLICT(namespace, name) DO UPDATE SET"
                        + " media_type=excluded.media_type, digest=excluded.digest, size=excluded.size,"
                        + " annotations=excluded.annotations, updated=excluded.updated WHERE digest<>excluded.digest",
                    image.namespace(),
                    image.name(),
                    target.mediaType(),
                    target.digest().toString(),
                    target.size(),
                    Columns.labels(target.annotations()),
                    Columns.time(now));
            if (changed > 0) {
                notes.found(
                        "image " + image.name() + " (" + image.namespace() + "), without labels set since the copy");
            }
        }

        private record Key(String namespace, String name) {}

        private record Image(Key key, Descriptor target, Instant updated) {}

        private List<Image> images() throws SQLException {
            return Db.list(connection, "SELECT namespace, " + SqlImages.COLUMNS + " FROM image", row -> {
                var image = SqlImages.image(row);
                return new Image(new Key(row.getString("namespace"), image.name()), image.target(), image.updatedAt());
            });
        }

        /// Makes everything that the image refers to visible in its namespace.
        private void follow(Image image) throws SQLException, IOException {
            var target = image.target();
            var whole = new Reference("", target.mediaType(), target.digest(), target.size(), false);
            var what = "image " + image.key().name() + " (" + image.key().namespace() + ")";
            follow(image.key().namespace(), whole, what, DEPTH_MAX);
        }

        private void follow(String namespace, Reference to, String what, int depth) throws SQLException, IOException {
            if (!stored(to, what)) {
                return;
            }
            if (!to.isParent() || depth == 0) {
                see(namespace, to.digest(), Map.of());
                return;
            }
            if (!followed.add(namespace + " " + to.digest())) {
                return;
            }
            var document = document(to.digest());
            if (document.isEmpty()) {
                return;
            }
            var references = ManifestReferences.of(document.get());
            var labels = new HashMap<String, String>();
            references.forEach(reference ->
                    labels.put(reference.label(), reference.digest().toString()));
            see(namespace, to.digest(), labels);
            for (var reference : references) {
                follow(namespace, reference, what, depth - 1);
            }
        }

        private boolean stored(Reference to, String what) throws SQLException, IOException {
            var size = Db.one(
                    connection,
                    "SELECT size FROM on_disk WHERE digest=?",
                    row -> row.getLong(1),
                    to.digest().toString());
            if (size.isPresent() && to.size() >= 0 && to.size() != size.get()) {
                spoiled(to.digest(), "is of " + size.get() + " bytes instead of " + to.size());
                return false;
            }
            if (size.isEmpty() && !to.optional()) {
                notes.lost(what + ": " + to.digest() + " is not stored; pull it again");
            }
            return size.isPresent();
        }

        /// The bytes of a manifest, if they are what their digest says.
        private Optional<byte[]> document(Digest digest) throws SQLException, IOException {
            Rehash.Result result;
            try {
                result = blobs.rehash(digest, Rehash.Pace.NONE);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw (IOException) new InterruptedIOException("interrupted while reading " + digest).initCause(e);
            }
            if (result instanceof Rehash.Result.Good) {
                return Optional.of(blobs.bytes(digest, MANIFEST_BYTES_MAX).orElse(new byte[0]));
            }
            spoiled(digest, "is not what its digest says");
            return Optional.empty();
        }

        private void see(String namespace, Digest digest, Map<String, String> references) throws SQLException {
            var known = Db.one(
                    connection,
                    "SELECT labels FROM content WHERE namespace=? AND digest=?",
                    row -> Columns.labels(row.getString(1)),
                    namespace,
                    digest.toString());
            var labels = new HashMap<>(known.isPresent() ? known.get() : Lost.found(connection, namespace, digest));
            references.forEach((label, target) -> {
                if (!labels.containsValue(target)) {
                    labels.put(label, target);
                }
            });
            if (known.isEmpty() || !known.get().equals(labels)) {
                Db.update(
                        connection,
                        "INSERT INTO content(namespace, digest, size, brought, created, updated, labels)"
                                + " SELECT ?1, digest, size, 1, ?2, ?2, ?3 FROM on_disk WHERE digest=?4"
                                + " ON CONFLICT(namespace, digest) DO UPDATE SET labels=excluded.labels,"
                                + " updated=excluded.updated",
                        namespace,
                        Columns.time(now),
                        Columns.labels(labels),
                        digest.toString());
            }
        }

        private void adoptRest() throws SQLException {
            int adopted = Db.update(
                    connection,
                    "INSERT INTO content(namespace, digest, size, brought, created, updated, labels)"
                            + " SELECT ?1, digest, size, 1, ?2, ?2, ?3 FROM on_disk AS d"
                            + " WHERE NOT EXISTS(SELECT 1 FROM content WHERE digest=d.digest)",
                    NAMESPACE,
                    Columns.time(now),
                    Columns.labels(Map.of(GcLabels.EXPIRE, now.plus(KEPT).toString())));
            if (adopted > 0) {
                namespaces.ensure(connection, NAMESPACE);
                notes.found(adopted + " blobs whose namespaces and origins are not known, kept in namespace "
                        + NAMESPACE + " until " + now.plus(KEPT));
            }
        }
    }
}
