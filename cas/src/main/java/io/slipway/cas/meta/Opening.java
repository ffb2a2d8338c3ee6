package io.slipway.cas.meta;

import java.io.IOException;
import java.nio.file.Files;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Opens the database for writing, once it is known to be fit for it. What a healthy start has to pay is a look at
/// the header and the first row of each table (and the log, when the last process died); everything else is looked at
/// in the background, by the regular copy.
final class Opening {

    private static final Logger log = LoggerFactory.getLogger(Opening.class);

    private final DatabaseFiles files;
    private final Connections connections;
    private final Replacement replacement;
    private final boolean used;
    private volatile boolean unclosed;

    // Of the opening thread.
    private boolean unfilled;

    /// @param used whether the store had been used before this opening, so that a database that is not there has been
    ///     lost
    Opening(DatabaseFiles files, Connections connections, Replacement replacement, boolean used) {
        this.files = files;
        this.connections = connections;
        this.replacement = replacement;
        this.used = used;
    }

    Connection open() throws SQLException, IOException {
        unclosed = files.unclosed();
        // Made here, and never known to have had tables: the disk was full when they were to be made.
        unfilled = !files.absent() && FileHeader.isNamed(files.database()) && !Files.exists(files.copy());
        var wrong = wrong();
        if (wrong.isEmpty()) {
            try {
                return probed();
            } catch (SQLException e) {
                if (!Damage.is(e)) {
                    throw e;
                }
                wrong = Optional.of(String.valueOf(e.getMessage()));
            }
        }
        replacement.run(wrong.get());
        return probed();
    }

    /// The process before did not close it.
    boolean unclosed() {
        return unclosed;
    }

    private Optional<String> wrong() throws IOException {
        if (files.absent()) {
            return used ? Optional.of("it is not there") : Optional.empty();
        }
        var suspicion = files.suspicion();
        if (suspicion.isPresent()) {
            return suspicion;
        }
        var header = FileHeader.wrong(files.database());
        if (header.isPresent()) {
            return header;
        }
        if (unclosed && WriteAheadLog.damaged(files.wal())) {
            return Optional.of("its log is damaged in the middle");
        }
        return Optional.empty();
    }

    private Connection probed() throws SQLException, IOException {
        var connection = connections.open(true);
        try {
            probe(connection);
            return connection;
        } catch (SQLException e) {
            close(connection);
            throw e;
        }
    }

    private void probe(Connection connection) throws SQLException {
        var tables = Db.list(
                connection,
                "SELECT name FROM sqlite_schema WHERE type='table' AND name NOT LIKE 'sqlite_%'",
                row -> row.getString(1));
        // A replacement that was cut off has the one but not yet the other.
        boolean ours = tables.contains(SchemaVersions.TABLE) || RecoveryTables.exist(connection);
        if (!ours && ((used && !unfilled) || !tables.isEmpty())) {
            throw new DatabaseCopy.DamagedException("it has none of our tables");
        }
        for (var table : tables) {
            var _ = Db.one(connection, "SELECT 1 FROM \"" + table + "\" LIMIT 1", row -> row.getInt(1));
        }
    }

    private static void close(Connection connection) {
        try {
            connection.close();
        } catch (SQLException e) {
            log.atDebug().setCause(e).log("A damaged database was not closed.");
        }
    }
}
