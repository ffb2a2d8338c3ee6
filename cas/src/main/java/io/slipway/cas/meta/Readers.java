package io.slipway.cas.meta;

import io.slipway.cas.Metadata.Sql;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;

/// A few connections for reading, lent to the calling thread, opened when first needed. Thread-safe.
final class Readers {

    private static final int READERS_MAX = 3;

    private final Connections connections;
    private final Semaphore permits = new Semaphore(READERS_MAX);
    private final Deque<Connection> idle = new ArrayDeque<>();
    private boolean closed;

    Readers(Connections connections) {
        this.connections = connections;
    }

    <T extends @Nullable Object> T run(Sql<T> sql) throws SQLException, IOException {
        try {
            permits.acquire();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw (IOException) new InterruptedIOException("interrupted while waiting for the metadata").initCause(e);
        }
        try {
            var connection = take();
            try {
                // One transaction, so that several statements see the same state.
                Db.execute(connection, "BEGIN");
                try {
                    return sql.run(connection);
                } finally {
                    Db.execute(connection, "ROLLBACK");
                }
            } finally {
                give(connection);
            }
        } finally {
            permits.release();
        }
    }

    private Connection take() throws SQLException, IOException {
        synchronized (idle) {
            if (closed) {
                throw new IOException("metadata is closed");
            }
            var connection = idle.poll();
            if (connection != null) {
                return connection;
            }
        }
        return connections.open(false);
    }

    private void give(Connection connection) throws SQLException {
        synchronized (idle) {
            if (!closed) {
                idle.push(connection);
                return;
            }
        }
        connection.close();
    }

    void close() {
        synchronized (idle) {
            closed = true;
            for (var connection : idle) {
                try {
                    connection.close();
                } catch (SQLException nothingIsLost) {
                    // Only read from.
                }
            }
            idle.clear();
        }
    }
}
