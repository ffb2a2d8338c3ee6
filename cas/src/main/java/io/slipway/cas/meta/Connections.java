package io.slipway.cas.meta;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Properties;
import org.sqlite.JDBC;

/// Opens connections to the one database file, all with the same settings.
final class Connections {

    /// Page cache of one connection, KiB (a negative cache_size is in KiB). A few connections: bounded as a
    /// whole.
    private static final int CACHE_KIB = 2048;

    private final Path file;
    private final Path tmp;

    Connections(Path file, Path tmp) {
        this.file = file;
        this.tmp = tmp;
    }

    Connection open(boolean writing) throws SQLException, IOException {
        placeNativeLibrary();
        if (writing) {
            createPrivate();
        }
        var connection = JDBC.createConnection("jdbc:sqlite:" + file, new Properties());
        try (var statement = connection.createStatement()) {
            statement.execute("PRAGMA busy_timeout=10000");
            statement.execute("PRAGMA cache_size=-" + CACHE_KIB);
            statement.execute("PRAGMA temp_store=MEMORY");
            if (writing) {
                // First, so that it is in the file itself and not in the log.
                nameOwner(statement);
                statement.execute("PRAGMA journal_mode=WAL");
                statement.execute("PRAGMA synchronous=FULL");
                statement.execute("PRAGMA journal_size_limit=16777216");
            } else {
                statement.execute("PRAGMA query_only=1");
            }
        } catch (SQLException e) {
            connection.close();
            throw e;
        }
        return connection;
    }

    /// A connection to another database, as it is: a copy, or what was put aside.
    Connection plain(Path other) throws SQLException, IOException {
        placeNativeLibrary();
        var connection = JDBC.createConnection("jdbc:sqlite:" + other, new Properties());
        try (var statement = connection.createStatement()) {
            statement.execute("PRAGMA busy_timeout=10000");
            statement.execute("PRAGMA cache_size=-" + CACHE_KIB);
        } catch (SQLException e) {
            connection.close();
            throw e;
        }
        return connection;
    }

    private static void nameOwner(Statement statement) throws SQLException {
        int id;
        try (var row = statement.executeQuery("PRAGMA application_id")) {
            id = row.getInt(1);
        }
        if (id == 0) {
            statement.execute("PRAGMA application_id=" + FileHeader.APPLICATION_ID);
        }
    }

    /// The driver unpacks its library into java.io.tmpdir unless told otherwise; nothing may be written
    /// outside the root.
    private void placeNativeLibrary() throws IOException {
        if (System.getProperty("org.sqlite.lib.path") == null && System.getProperty("org.sqlite.tmpdir") == null) {
            Files.createDirectories(tmp);
            System.setProperty("org.sqlite.tmpdir", tmp.toString());
        }
    }

    /// SQLite gives the log beside it the mode of the database.
    private void createPrivate() throws IOException {
        try {
            Files.createFile(file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        } catch (FileAlreadyExistsException _) {
            // Opened as it is.
        }
    }
}
