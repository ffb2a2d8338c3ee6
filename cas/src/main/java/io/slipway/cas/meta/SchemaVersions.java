package io.slipway.cas.meta;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;

/// Which version the tables of each part have, and bringing them to the one this program knows.
final class SchemaVersions {

    static final String TABLE = "schema_version";

    private SchemaVersions() {}

    /// Keeps the database as it is, before steps change tables that hold something.
    @FunctionalInterface
    interface Keeping {
        /// @param version that the tables are brought to
        void keep(String component, int version) throws SQLException;
    }

    /// The way back from a version that this program does not know.
    @FunctionalInterface
    interface WayBack {
        /// The copy from before the tables were brought to that version; empty when there is none.
        Optional<Path> before(String component, int version);
    }

    static void bring(Connection connection, String component, List<String> steps, Keeping keeping, WayBack wayBack)
            throws SQLException {
        Db.execute(
                connection,
                "CREATE TABLE IF NOT EXISTS " + TABLE
                        + "(component TEXT PRIMARY KEY, version INTEGER NOT NULL) WITHOUT ROWID");
        int version = Db.one(
                        connection,
                        "SELECT version FROM schema_version WHERE component=?",
                        row -> row.getInt(1),
                        component)
                .orElse(0);
        if (version == steps.size()) {
            return;
        }
        if (version > steps.size()) {
            throw new SQLException("metadata.db has version " + version + " of the tables of \"" + component
                    + "\", written by a newer slipwayd; this one knows up to " + steps.size() + ". Run the newer one, "
                    + back(component, version, steps.size(), wayBack) + "give this one another root");
        }
        if (version > 0) {
            keeping.keep(component, steps.size());
        }
        for (var step : steps.subList(version, steps.size())) {
            // A step may be several statements; the driver runs only the first of a text.
            for (var statement : step.split(";\\s*\\n", -1)) {
                if (!statement.isBlank()) {
                    Db.execute(connection, statement);
                }
            }
        }
        Db.update(
                connection,
                "INSERT INTO schema_version(component, version) VALUES(?,?)"
                        + " ON CONFLICT(component) DO UPDATE SET version=excluded.version",
                component,
                steps.size());
    }

    private static String back(String component, int from, int to, WayBack wayBack) {
        // The lowest has the oldest tables.
        for (int version = to + 1; version <= from; version++) {
            var copy = wayBack.before(component, version);
            if (copy.isPresent()) {
                return "or stop it and put " + copy.get() + " in place of metadata.db (what was done since is lost"
                        + " then), or ";
            }
        }
        return "or ";
    }
}
