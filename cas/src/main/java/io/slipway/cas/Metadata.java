package io.slipway.cas;

import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/// The node's one small database (`<root>/metadata.db`, SQLite in WAL mode, synchronous=full). Every part
/// keeps its own tables in it, so that one transaction can span parts.
///
/// It opens in the background; the first use waits for that. Reads run in the calling thread on one of a few
/// connections and see a snapshot; writes run one at a time on one writer thread, each atomic and durable on
/// return (writes that queue up share one fsync). Neither may be called from an event loop, nor from within a
/// running [Sql].
///
/// A file that is lost or damaged is replaced at the opening, by the last copy of it or by an empty one. Each part
/// then finds again what its own files know, before anything else is read or written.
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
    ///
    /// @param rebuild runs once, in one transaction with the mark that it has, when the file had to be replaced
    void schema(String component, List<String> ddlSteps, Rebuild rebuild);

    /// [#schema] of a part whose files know nothing of its rows.
    default void schema(String component, List<String> ddlSteps) {
        schema(component, ddlSteps, (_, _) -> {});
    }

    /// How a part finds again what the last copy of the database did not know yet. The rows that it finds are those
    /// of that copy, or none. What can't be found is noted, not thrown: a failure refuses the whole database.
    @FunctionalInterface
    interface Rebuild {
        void run(Connection connection, Notes notes) throws SQLException;
    }

    /// What a [Rebuild] has to tell the operator, a line for each thing.
    interface Notes {

        /// It is there again, without something that it had.
        void found(String what) throws SQLException;

        /// It is not there any more.
        void lost(String what) throws SQLException;
    }

    /// What the database is damaged by, as soon as a use of it or the check in the background has shown that it is.
    /// It goes on as well as it can, nothing is collected, and the next opening replaces it.
    default Optional<String> damage() {
        return Optional.empty();
    }

    /// Completes when the database is open and every schema declared so far is in place.
    CompletableFuture<@Nullable Void> ready();

    @Override
    void close();
}
