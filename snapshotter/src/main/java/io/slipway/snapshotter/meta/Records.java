package io.slipway.snapshotter.meta;

import io.slipway.cas.ApiException;
import io.slipway.cas.Leases;
import io.slipway.cas.Metadata;
import io.slipway.snapshotter.SnapshotDriver;
import io.slipway.snapshotter.SnapshotKind;
import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// The tables, and the rules by which everybody looks records up in them: a committed snapshot that a power cut may
/// have damaged counts as absent, a parent is committed, a key is not empty. Thread-safe; what takes a connection
/// runs in the caller's transaction.
final class Records {
    private final Surroundings around;
    private final DirectoryTable directories;
    private final SnapshotTable snapshots;

    /// Declares the tables at once; nothing is read before the first call.
    ///
    /// @param drivers whose directories are looked through when the database was replaced
    Records(Surroundings around, List<SnapshotDriver> drivers) {
        this.around = around;
        this.directories = new DirectoryTable(around.boot());
        this.snapshots = new SnapshotTable(around.boot(), directories);
        around.metadata()
                .schema(
                        SnapshotSchema.COMPONENT,
                        SnapshotSchema.STEPS,
                        new SnapshotRebuild(snapshots, directories, around.namespaces(), drivers, around.clock()));
    }

    SnapshotTable snapshots() {
        return snapshots;
    }

    DirectoryTable directories() {
        return directories;
    }

    boolean damaged() {
        return around.metadata().damage().isPresent();
    }

    <T extends @Nullable Object> T read(Metadata.Sql<T> sql) throws IOException {
        return around.metadata().read(sql);
    }

    <T extends @Nullable Object> T write(Metadata.Sql<T> sql) throws IOException {
        return around.metadata().write(sql);
    }

    Instant now() {
        return around.clock().instant();
    }

    /// The record, unless it is lost.
    Optional<SnapshotRow> sound(Connection c, SnapshotAddress at) throws SQLException {
        return snapshots.find(c, at).filter(row -> !row.lost());
    }

    /// The record, which must be there and not be lost.
    SnapshotRow require(Connection c, SnapshotAddress at) throws SQLException {
        requireKey(at.key());
        return sound(c, at).orElseThrow(() -> absent(at.key()));
    }

    /// An active snapshot that is a copy of its parent must have been on disk when the machine went down.
    void refuseTorn(Connection c, SnapshotRow row) throws SQLException {
        if (row.kind() != SnapshotKind.COMMITTED && directories.torn(c, row.dir())) {
            throw gone(row.key());
        }
    }

    /// What a power cut has taken, and nothing can bring back.
    static ApiException gone(String key) {
        return ApiException.failedPrecondition(
                "snapshot \"" + key + "\" was not on disk when the machine went down; remove it and prepare it again");
    }

    /// A parent: committed and sound.
    SnapshotRow parent(Connection c, SnapshotAddress at) throws SQLException {
        SnapshotRow row = sound(c, at)
                .orElseThrow(() -> ApiException.notFound("parent snapshot " + at.key() + " does not exist"));
        if (row.kind() != SnapshotKind.COMMITTED) {
            throw ApiException.invalid("parent \"" + at.key() + "\" is not committed snapshot");
        }
        return row;
    }

    /// Its id; 0 for an empty key.
    long parentId(Connection c, SnapshotAddress at) throws SQLException {
        return at.key().isEmpty() ? 0 : parent(c, at).id();
    }

    /// Its directory and those below it, nearest first; none for an empty key.
    List<Long> parentDirectories(Connection c, SnapshotAddress at) throws SQLException {
        return at.key().isEmpty() ? List.of() : directoriesOf(snapshots.chain(c, parent(c, at)));
    }

    /// Directories below the first row of a chain, nearest first.
    static List<Long> directoriesBelow(List<SnapshotRow> chain) {
        return directoriesOf(chain.subList(1, chain.size()));
    }

    private static List<Long> directoriesOf(List<SnapshotRow> rows) {
        return rows.stream().map(SnapshotRow::dir).toList();
    }

    /// The snapshot joins the lease; NOT_FOUND for a lease that is not there. A containerd that keeps its
    /// snapshots here hands on its own client's lease, which means nothing to us.
    void attach(Connection c, SnapshotAddress at, Optional<String> lease) throws SQLException {
        if (ProxyKey.of(at).isPresent()) {
            return;
        }
        around.leases().attach(c, at.namespace(), lease, Leases.Resource.snapshot(at.snapshotter(), at.key()));
    }

    void ensureNamespace(Connection c, String namespace) throws SQLException {
        around.namespaces().ensure(c, namespace);
    }

    /// Gives a directory its number inside the transaction that records it.
    static void publish(SnapshotDriver.Staged staged, long directory) throws SQLException {
        try {
            staged.publish(directory);
        } catch (IOException e) {
            throw new SQLException("snapshot directory " + directory + " could not be published: " + e.getMessage(), e);
        }
    }

    static void requireKey(String key) {
        if (key.isEmpty()) {
            throw ApiException.invalid("snapshot key must not be empty");
        }
    }

    static ApiException absent(String key) {
        return ApiException.notFound("snapshot " + key + " does not exist");
    }

    static ApiException alreadyExists(String key) {
        return ApiException.alreadyExists("snapshot \"" + key + "\"");
    }
}
