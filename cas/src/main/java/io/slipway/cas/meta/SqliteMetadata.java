package io.slipway.cas.meta;

import io.slipway.cas.Faults;
import io.slipway.cas.Metadata;
import io.slipway.cas.file.Disk;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Clock;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// [Metadata] in one SQLite file. A writer thread opens it and runs all writes; a few connections serve reads.
public final class SqliteMetadata implements Metadata {

    private static final Logger log = LoggerFactory.getLogger(SqliteMetadata.class);

    private final DatabaseFiles files;
    private final DatabaseCopy copying;
    private final Opening opening;
    private final Writer writer;
    private final Readers readers;
    private final AtomicReference<@Nullable String> damage = new AtomicReference<>();
    private volatile CompletableFuture<@Nullable Void> schemas;
    private volatile Runnable written = () -> {};
    private volatile Consumer<String> damaged = _ -> {};

    private SqliteMetadata(DatabaseFiles files, DatabaseCopy copying, Opening opening, Writer writer, Readers readers) {
        this.files = files;
        this.copying = copying;
        this.opening = opening;
        this.writer = writer;
        this.readers = readers;
        this.schemas = writer.opened();
    }

    /// Begins to open the file; returns at once.
    ///
    /// @param tmp where SQLite's native library goes if it has to be unpacked
    /// @param used whether the store had been used before, so that a file that is not there has been lost
    public static SqliteMetadata open(Path file, Path tmp, Faults faults, Clock clock, boolean used) {
        var disk = new Disk(faults);
        var files = new DatabaseFiles(file, disk);
        var connections = new Connections(file, tmp);
        var copying = new DatabaseCopy(connections, disk, faults);
        var replacement = new Replacement(files, connections, copying, disk, tmp, clock);
        var opening = new Opening(files, connections, replacement, used || Files.exists(files.copy()));
        var writer = new Writer(opening, faults, file);
        return new SqliteMetadata(files, copying, opening, writer, new Readers(connections));
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
            noteDamage(e);
            throw SqlFailure.of("read", e);
        }
    }

    @Override
    public <T extends @Nullable Object> T write(Sql<T> sql) throws IOException {
        requireOutside();
        awaitSchemas();
        writer.announce();
        var result = await(noting(writer.submit(sql)));
        written.run();
        return result;
    }

    @Override
    public synchronized void schema(String component, List<String> ddlSteps, Rebuild rebuild) {
        var steps = List.copyOf(ddlSteps);
        first(connection -> {
            SchemaVersions.bring(connection, component, steps, this::keep, this::before);
            if (RecoveryTables.isPending(connection, component)) {
                rebuild.run(connection, RecoveryTables.notes(connection));
                RecoveryTables.done(connection, component);
            }
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

    /// The tables are about to change; what is committed is kept as it is.
    private void keep(String component, int version) throws SQLException {
        try {
            copying.put(files.database(), files.before(component, version));
            files.pruneBefore();
        } catch (IOException e) {
            throw new SQLException(
                    "the tables of \"" + component + "\" stay as they are, a copy from before could not be made: "
                            + e.getMessage(),
                    e);
        }
    }

    private Optional<Path> before(String component, int version) {
        return Optional.of(files.before(component, version)).filter(Files::exists);
    }

    @Override
    public Optional<String> damage() {
        return Optional.ofNullable(damage.get());
    }

    /// Told once that it is, and what by.
    public void whenDamaged(Consumer<String> told) {
        damaged = told;
        damage().ifPresent(told);
    }

    private <T extends @Nullable Object> CompletableFuture<T> noting(CompletableFuture<T> job) {
        return job.whenComplete((_, failure) -> {
            if (failure instanceof SQLException e) {
                noteDamage(e);
            }
        });
    }

    /// The first sign of damage is kept for the next opening.
    private void noteDamage(SQLException e) {
        var why = String.valueOf(e.getMessage());
        if (!Damage.is(e) || !damage.compareAndSet(null, why)) {
            return;
        }
        log.atError()
                .addKeyValue("file", files.database())
                .addKeyValue("reason", why)
                .log("The metadata is damaged. Nothing is collected any more; restart slipwayd, which replaces it.");
        damaged.accept(why);
        try {
            files.suspect(why);
        } catch (IOException unnoted) {
            log.atError().setCause(unnoted).log("The next start will have to find out about the damage by itself.");
        }
    }

    /// Whether all tables are in place, so that a copy of it is worth something.
    boolean isUsable() {
        var pending = schemas;
        return pending.isDone() && !pending.isCompletedExceptionally();
    }

    /// Whether the process before this one did not close the file.
    boolean unclosed() {
        return opening.unclosed();
    }

    DatabaseFiles files() {
        return files;
    }

    /// Rows changed since the file was opened.
    long changes() throws IOException {
        return await(writer.submit(connection -> Db.one(connection, "SELECT total_changes()", row -> row.getLong(1))
                .orElseThrow()));
    }

    /// Replaces the last copy by a newer one that is good. When that can't be made because the file itself is
    /// damaged, that is noted.
    void copy() throws IOException {
        try {
            copying.put(files.database(), files.copy());
        } catch (SQLException e) {
            if (Damage.is(e)) {
                verify();
            }
            throw SqlFailure.of("copy", e);
        }
    }

    /// A copy that is bad may have been spoiled itself.
    private void verify() throws IOException {
        try {
            copying.check(files.database());
        } catch (SQLException e) {
            noteDamage(e);
        }
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
