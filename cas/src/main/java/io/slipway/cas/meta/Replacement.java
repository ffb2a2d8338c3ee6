package io.slipway.cas.meta;

import io.slipway.cas.StoreException;
import io.slipway.cas.file.Disk;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Clock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Replaces a database that is lost or damaged by the best that there is: itself, where a whole copy of it can still
/// be made; the last good copy; an empty one. The successor is complete before it gets its name, the damaged one is
/// put aside, and a process that is killed in between does all of it again.
final class Replacement {

    private static final Logger log = LoggerFactory.getLogger(Replacement.class);

    private final DatabaseFiles files;
    private final Connections connections;
    private final DatabaseCopy copying;
    private final Disk disk;
    private final Path tmp;
    private final Clock clock;

    Replacement(DatabaseFiles files, Connections connections, DatabaseCopy copying, Disk disk, Path tmp, Clock clock) {
        this.files = files;
        this.connections = connections;
        this.copying = copying;
        this.disk = disk;
        this.tmp = tmp;
        this.clock = clock;
    }

    void run(String why) throws SQLException, IOException {
        log.atError()
                .addKeyValue("file", files.database())
                .addKeyValue("reason", why)
                .log("The metadata is replaced.");
        var rebuilt = files.rebuilt();
        var base = build(rebuilt);
        var now = Columns.now(clock);
        try (var connection = connections.plain(rebuilt)) {
            Db.execute(connection, "BEGIN IMMEDIATE");
            RecoveryTables.begin(connection, why, base, now);
            Db.execute(connection, "COMMIT");
        }
        disk.sync(rebuilt);
        files.putAside(now);
        files.install(rebuilt);
    }

    /// Makes the successor; returns what of.
    private String build(Path rebuilt) throws SQLException, IOException {
        if (!files.absent() && FileHeader.wrong(files.database()).isEmpty() && usable("the database", this::salvage)) {
            return "the database itself, which is whole as far as it can be read";
        }
        if (Files.exists(files.copy()) && usable("the last copy", () -> copying.make(files.copy(), rebuilt))) {
            return "the copy of " + Files.getLastModifiedTime(files.copy()).toInstant();
        }
        copying.clear(rebuilt);
        return "an empty database";
    }

    private interface Making {
        void make() throws SQLException, IOException;
    }

    /// Whether that gave a good database. A full disk is no answer: nothing is given up for it.
    private static boolean usable(String what, Making making) throws SQLException, IOException {
        try {
            making.make();
            return true;
        } catch (SQLException e) {
            if (!Damage.is(e)) {
                throw e;
            }
            log.atWarn().addKeyValue("reason", e.getMessage()).log("Nothing can be taken from " + what + ".");
            return false;
        } catch (IOException e) {
            if (e instanceof StoreException store && store.noSpace()) {
                throw e;
            }
            log.atWarn().addKeyValue("reason", e.getMessage()).log("Nothing can be taken from " + what + ".");
            return false;
        }
    }

    /// From a second copy of its files: SQLite would write to those that are to be kept as they were found.
    private void salvage() throws SQLException, IOException {
        Files.createDirectories(tmp);
        var second = tmp.resolve("salvage.db");
        var secondLog = tmp.resolve("salvage.db-wal");
        try {
            disk.copy(files.database(), second);
            if (files.unclosed()) {
                disk.copy(files.wal(), secondLog);
            }
            try (var connection = connections.plain(second)) {
                if (!DatabaseCopy.hasTable(connection, SchemaVersions.TABLE)) {
                    throw new DatabaseCopy.DamagedException("it has none of our tables");
                }
            }
            copying.make(second, files.rebuilt());
        } finally {
            disk.delete(second);
            disk.delete(secondLog);
            disk.delete(tmp.resolve("salvage.db-shm"));
        }
    }
}
