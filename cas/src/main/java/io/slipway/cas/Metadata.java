package io.slipway.cas;

import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/// The node's one small database (`<root>/metadata.db`, SQLite in WAL mode, synchronous=full). Every part
/// keeps its own tables in it, so that one transaction can span parts.
///
/// It opens in the background; the first use waits for that. Reads run in the calling thread on one of a few
/// connections and see a snapshot; writes run one at a time on one writer thread, each atomic and durable on
/// return (writes that queue up share one fsync). Neither may be called from an event loop, nor from within a
/// running [Sql].
public interface Metadata extends AutoCloseable {

    /// Work on a connection. It must close its statements, not keep the connection, and not commit. A
    /// RuntimeException (an [ApiException], say) passes through to the caller, and what a write did until
    /// then is undone.
    @FunctionalInterface
    interface Sql<T extends @Nullable Object> {
        T run(Connection connection) throws SQLException;
    }

    /// Runs a query. IOException when the database fails.
    <T extends @Nullable Object> T read(Sql<T> sql) throws IOException;

    /// Runs a transaction; it is durable when this returns. IOException when the database fails.
    <T extends @Nullable Object> T write(Sql<T> sql) throws IOException;

    /// Declares the tables of a part. Step n brings them from version n to n+1; steps are only ever appended.
    /// Returns at once; reads and writes issued later see the result. A database that has more steps than
    /// given is refused: every later read and write then fails saying so, and [#ready] completes
    /// exceptionally.
    void schema(String component, List<String> ddlSteps);

    /// Completes when the database is open and every schema declared so far is in place.
    CompletableFuture<@Nullable Void> ready();

    @Override
    void close();
}
