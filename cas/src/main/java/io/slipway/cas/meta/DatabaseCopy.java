package io.slipway.cas.meta;

import io.slipway.cas.Digest;
import io.slipway.cas.Faults;
import io.slipway.cas.file.Disk;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.SQLException;

/// Makes a whole, checked copy of a database, while it is written to as well. The copy is built row by row (VACUUM
/// INTO), so that it has no page of the original; a page that can't be read fails it.
final class DatabaseCopy {

    private final Connections connections;
    private final Disk disk;
    private final Faults faults;

    DatabaseCopy(Connections connections, Disk disk, Faults faults) {
        this.connections = connections;
        this.disk = disk;
        this.faults = faults;
    }

    /// Leaves a good copy at `to`, in place of what was there, durable; or throws, and what was there stays.
    void put(Path from, Path to) throws SQLException, IOException {
        var aside = to.resolveSibling(to.getFileName() + ".new");
        make(from, aside);
        disk.rename(aside, to);
        disk.syncDirectory(java.util.Objects.requireNonNull(to.getParent()));
    }

    /// Makes a good copy, durable but for its name.
    void make(Path from, Path to) throws SQLException, IOException {
        clear(to);
        faults.before("copy", to.toString());
        try {
            fill(from, to);
        } finally {
            faults.after("copy", to.toString());
        }
        check(to);
        disk.sync(to);
    }

    private void fill(Path from, Path to) throws SQLException, IOException {
        // VACUUM INTO takes an empty file, and leaves its mode as it is.
        Files.createFile(to, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        try (var connection = connections.plain(from)) {
            try (var copy = connection.prepareStatement("VACUUM INTO ?")) {
                copy.setString(1, to.toString());
                copy.execute();
            }
        }
    }

    /// Removes it, and a journal that a new file of that name would be rolled back with.
    void clear(Path file) throws IOException {
        disk.delete(file);
        disk.delete(file.resolveSibling(file.getFileName() + "-journal"));
    }

    /// SQLException when something in that file is not as it should be.
    void check(Path file) throws SQLException, IOException {
        try (var connection = connections.plain(file)) {
            check(connection);
        }
    }

    static void check(Connection connection) throws SQLException {
        var found = Db.list(connection, "PRAGMA integrity_check(1)", row -> row.getString(1));
        if (!found.equals(java.util.List.of("ok"))) {
            throw new DamagedException(String.join("; ", found));
        }
        rows(connection, "blob", "SELECT digest, '' FROM blob");
        rows(connection, "content", "SELECT digest, labels FROM content");
        rows(connection, "image", "SELECT digest, labels FROM image");
    }

    /// What a bit can flip in without breaking a page: values that are to be parsed.
    private static void rows(Connection connection, String table, String query) throws SQLException {
        if (!hasTable(connection, table)) {
            return;
        }
        try {
            Db.each(connection, query, row -> {
                var _ = Digest.parse(row.getString(1));
                var _ = Columns.labels(row.getString(2));
            });
        } catch (IllegalArgumentException | IllegalStateException e) {
            throw new DamagedException("table " + table + ": " + e.getMessage(), e);
        }
    }

    static boolean hasTable(Connection connection, String table) throws SQLException {
        return Db.one(
                        connection,
                        "SELECT 1 FROM sqlite_schema WHERE type='table' AND name=?",
                        row -> row.getInt(1),
                        table)
                .isPresent();
    }

    /// A database that SQLite can read, and that is wrong all the same.
    static final class DamagedException extends SQLException {

        private static final long serialVersionUID = 1L;

        DamagedException(String message) {
            super(message);
        }

        DamagedException(String message, Throwable cause) {
            super(message, cause);
        }
    }
}
