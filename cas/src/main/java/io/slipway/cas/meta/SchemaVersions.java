package io.slipway.cas.meta;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;

/// Which version the tables of each part have, and bringing them to the one this program knows.
final class SchemaVersions {

    private SchemaVersions() {}

    static void bring(Connection connection, String component, List<String> steps) throws SQLException {
        Db.execute(
                connection,
                "CREATE TABLE IF NOT EXISTS schema_version(component TEXT PRIMARY KEY, version INTEGER NOT NULL)"
                        + " WITHOUT ROWID");
        int version = Db.one(
                        connection,
                        "SELECT version FROM schema_version WHERE component=?",
                        row -> row.getInt(1),
                        component)
                .orElse(0);
        if (version > steps.size()) {
            throw new SQLException("metadata.db has version " + version + " of the tables of \"" + component
                    + "\", written by a newer slipwayd; this one knows up to " + steps.size()
                    + ". Run the newer one, or give this one another root");
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
}
