package io.slipway.cas.meta;

import io.slipway.cas.Metadata.Notes;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/// The tables of a database that had to be replaced, made with it. Each part runs its [io.slipway.cas.Metadata.Rebuild]
/// once, however often the process is killed meanwhile.
final class RecoveryTables {

    /// Lines that are kept; those beyond are counted.
    private static final int NOTES_MAX = 10_000;

    private RecoveryTables() {}

    /// @param told whether the operator has been
    record State(Instant at, String why, String base, long found, long lost, boolean told) {}

    static void begin(Connection connection, String why, String base, Instant now) throws SQLException {
        for (var table : List.of("recovery", "recovery_part", "recovery_note")) {
            Db.execute(connection, "DROP TABLE IF EXISTS " + table);
        }
        Db.execute(
                connection,
                "CREATE TABLE recovery(id INTEGER PRIMARY KEY CHECK(id = 0), at INTEGER NOT NULL, why TEXT NOT NULL,"
                        + " base TEXT NOT NULL, found INTEGER NOT NULL, lost INTEGER NOT NULL, told INTEGER NOT NULL)");
        Db.execute(connection, "CREATE TABLE recovery_part(component TEXT PRIMARY KEY) WITHOUT ROWID");
        Db.execute(
                connection,
                "CREATE TABLE recovery_note(id INTEGER PRIMARY KEY, lost INTEGER NOT NULL, what TEXT NOT NULL)");
        Db.update(
                connection,
                "INSERT INTO recovery(id, at, why, base, found, lost, told) VALUES(0,?,?,?,0,0,0)",
                Columns.time(now),
                why,
                base);
    }

    static boolean exist(Connection connection) throws SQLException {
        return DatabaseCopy.hasTable(connection, "recovery");
    }

    /// Whether the part has not looked through its files yet.
    static boolean isPending(Connection connection, String component) throws SQLException {
        return exist(connection)
                && Db.one(connection, "SELECT 1 FROM recovery_part WHERE component=?", row -> row.getInt(1), component)
                        .isEmpty();
    }

    static void done(Connection connection, String component) throws SQLException {
        Db.update(connection, "INSERT INTO recovery_part(component) VALUES(?)", component);
        Db.update(connection, "UPDATE recovery SET told=0");
    }

    static Optional<State> state(Connection connection) throws SQLException {
        return exist(connection)
                ? Db.one(
                        connection,
                        "SELECT at, why, base, found, lost, told FROM recovery",
                        row -> new State(
                                Columns.time(row.getLong(1)),
                                row.getString(2),
                                row.getString(3),
                                row.getLong(4),
                                row.getLong(5),
                                row.getInt(6) == 1))
                : Optional.empty();
    }

    static void told(Connection connection) throws SQLException {
        Db.update(connection, "UPDATE recovery SET told=1");
    }

    /// The lines about what is gone, or about what was found.
    static List<String> notes(Connection connection, boolean lost) throws SQLException {
        return Db.list(
                connection,
                "SELECT what FROM recovery_note WHERE lost=? ORDER BY id",
                row -> row.getString(1),
                lost ? 1 : 0);
    }

    static Notes notes(Connection connection) {
        return new Notes() {
            @Override
            public void found(String what) throws SQLException {
                note("found", 0, what);
            }

            @Override
            public void lost(String what) throws SQLException {
                note("lost", 1, what);
            }

            private void note(String counter, int lost, String what) throws SQLException {
                Db.update(connection, "UPDATE recovery SET " + counter + "=" + counter + "+1");
                Db.update(
                        connection,
                        "INSERT INTO recovery_note(lost, what) SELECT ?,?"
                                + " WHERE (SELECT count(*) FROM recovery_note) < " + NOTES_MAX,
                        lost,
                        what);
            }
        };
    }
}
