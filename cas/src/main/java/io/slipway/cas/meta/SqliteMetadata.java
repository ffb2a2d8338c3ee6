package io.slipway.cas.meta;

import io.slipway.cas.Faults;
import io.slipway.cas.Metadata;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import org.jspecify.annotations.Nullable;

/// [Metadata] in one SQLite file. A writer thread opens it and runs all writes; a few connections serve reads.
public final class SqliteMetadata implements Metadata {

    private final Writer writer;
    private final Readers readers;
    private volatile CompletableFuture<@Nullable Void> schemas;
    private volatile Runnable written = () -> {};

    private SqliteMetadata(Writer writer, Readers readers) {
        this.writer = writer;
        this.readers = readers;
        this.schemas = writer.opened();
    }

    /// Begins to open the file; returns at once.
    ///
    /// @param tmp where SQLite's native library goes if it has to be unpacked
    public static SqliteMetadata open(Path file, Path tmp, Faults faults) {
        var connections = new Connections(file, tmp);
        return new SqliteMetadata(new Writer(connections, faults, file), new Readers(connections));
    }

    /// Runs in the caller's thread after each write that succeeded; plugged once. It must not wait.
    public void afterWrite(Runnable hook) {
        written = hook;
    }

    @Override
    public <T extends @Nullable Object> T read(Sql<T> sql) throws IOException {
        requireOutside();
        awaitSchemas();
        try {
            return readers.run(sql);
        } catch (SQLException e) {
            throw SqlFailure.of("read", e);
        }
    }

    @Override
    public <T extends @Nullable Object> T write(Sql<T> sql) throws IOException {
        requireOutside();
        awaitSchemas();
        writer.announce();
        var result = await(writer.submit(sql));
        written.run();
        return result;
    }

    @Override
    public synchronized void schema(String component, List<String> ddlSteps) {
        var steps = List.copyOf(ddlSteps);
        first(connection -> {
            SchemaVersions.bring(connection, component, steps);
            return null;
        });
    }

    /// A write that everything else waits for; part of becoming [#ready].
    public synchronized void first(Sql<@Nullable Void> sql) {
        var before = schemas;
        CompletableFuture<@Nullable Void> done;
        try {
            done = writer.submitSchema(sql);
        } catch (IOException e) {
            done = CompletableFuture.failedFuture(e);
        }
        schemas = before.thenCombine(done, (_, _) -> null);
    }

    @Override
    public CompletableFuture<@Nullable Void> ready() {
        return schemas.copy();
    }

    /// Waits for queued writes, then closes the file.
    @Override
    public void close() {
        writer.close();
        readers.close();
    }

    private void requireOutside() {
        if (writer.isCurrentThread()) {
            throw new IllegalStateException("metadata is used from within a running write; use its connection");
        }
    }

    private void awaitSchemas() throws IOException {
        var pending = schemas;
        if (!pending.isDone() || pending.isCompletedExceptionally()) {
            await(pending);
        }
    }

    private static <T extends @Nullable Object> T await(CompletableFuture<T> future) throws IOException {
        try {
            return future.get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw (IOException) new InterruptedIOException("interrupted while waiting for the metadata").initCause(e);
        } catch (ExecutionException e) {
            throw rethrow(e.getCause());
        }
    }

    private static IOException rethrow(@Nullable Throwable thrown) {
        var cause = thrown instanceof CompletionException wrapped && wrapped.getCause() != null
                ? wrapped.getCause()
                : thrown;
        return switch (cause) {
            case SQLException e -> SqlFailure.of("write", e);
            case IOException e -> SqlFailure.again(e);
            case UncheckedIOException e -> SqlFailure.again(Objects.requireNonNull(e.getCause()));
            case RuntimeException e -> throw e;
            case Error e -> throw e;
            case null, default -> new IOException("metadata failed", cause);
        };
    }
}
