package io.slipway.runtime;

import io.slipway.cas.Metadata;
import java.io.IOException;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// One SQLite database in memory behind one lock: enough for the parts that only need tables and transactions.
public final class TestMetadata implements Metadata {
    private final ReentrantLock lock = new ReentrantLock();
    private final Connection connection;

    public TestMetadata() throws SQLException {
        this.connection = DriverManager.getConnection("jdbc:sqlite::memory:");
    }

    @Override
    public <T extends @Nullable Object> T read(Sql<T> sql) throws IOException {
        return write(sql);
    }

    @Override
    public <T extends @Nullable Object> T write(Sql<T> sql) throws IOException {
        lock.lock();
        try {
            connection.setAutoCommit(false);
            boolean done = false;
            try {
                T result = sql.run(connection);
                connection.commit();
                done = true;
                return result;
            } finally {
                if (!done) {
                    connection.rollback();
                }
                connection.setAutoCommit(true);
            }
        } catch (SQLException e) {
            throw new IOException(e);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void schema(String component, List<String> ddlSteps, Rebuild rebuild) {
        lock.lock();
        try (Statement statement = connection.createStatement()) {
            for (String step : ddlSteps) {
                statement.execute(step.replace("CREATE TABLE", "CREATE TABLE IF NOT EXISTS"));
            }
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public CompletableFuture<@Nullable Void> ready() {
        return CompletableFuture.completedFuture(null);
    }

    @Override
    public void close() {
        try {
            connection.close();
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }
}
