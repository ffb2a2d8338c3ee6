package io.slipway.cas.meta;

import io.slipway.cas.Faults;
import io.slipway.cas.Metadata.Sql;
import io.slipway.cas.StoreException;
import io.slipway.cas.file.Disk;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The one thread that writes. Writes that are waiting when one begins share its transaction and so its
/// fsync, each behind a savepoint of its own: one that fails takes only itself back.
final class Writer {

    private static final Logger log = LoggerFactory.getLogger(Writer.class);

    /// Callers beyond this wait to hand over.
    private static final int QUEUE_MAX = 1024;

    /// Writes in one transaction: bounds how long the first of them waits for the last.
    private static final int BATCH_MAX = 64;

    private final Opening opening;
    private final Faults faults;
    private final Path file;
    private final BlockingQueue<Job<?>> queue = new ArrayBlockingQueue<>(QUEUE_MAX);
    private final CompletableFuture<@Nullable Void> opened = new CompletableFuture<>();
    private final Thread thread;
    private volatile boolean closed;

    private record Job<T extends @Nullable Object>(Sql<T> sql, CompletableFuture<T> done, boolean last) {
        /// Runs it; what to do with `done` once the transaction is durable.
        Runnable run(Connection connection) throws SQLException {
            T result = sql.run(connection);
            return () -> done.complete(result);
        }
    }

    Writer(Opening opening, Faults faults, Path file) {
        this.opening = opening;
        this.faults = faults;
        this.file = file;
        this.thread = Thread.ofPlatform().daemon().name("cas-metadata").start(this::run);
    }

    CompletableFuture<@Nullable Void> opened() {
        return opened;
    }

    boolean isCurrentThread() {
        return Thread.currentThread().threadId() == thread.threadId();
    }

    <T extends @Nullable Object> CompletableFuture<T> submit(Sql<T> sql) throws IOException {
        return put(new Job<>(sql, new CompletableFuture<>(), false));
    }

    CompletableFuture<@Nullable Void> submitSchema(Sql<@Nullable Void> sql) throws IOException {
        return put(new Job<@Nullable Void>(sql, new CompletableFuture<>(), false));
    }

    private <T extends @Nullable Object> CompletableFuture<T> put(Job<T> job) throws IOException {
        if (closed) {
            throw new IOException("metadata is closed");
        }
        try {
            queue.put(job);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw (IOException) new InterruptedIOException("interrupted while waiting for the metadata").initCause(e);
        }
        return job.done();
    }

    void close() {
        if (closed) {
            return;
        }
        closed = true;
        boolean interrupted = false;
        while (true) {
            try {
                queue.put(new Job<@Nullable Void>(_ -> null, new CompletableFuture<>(), true));
                thread.join();
                break;
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void run() {
        try (var connection = open()) {
            opened.complete(null);
            boolean more = true;
            while (more) {
                more = batch(connection);
            }
        } catch (Throwable e) {
            var why = e instanceof SQLException sql ? SqlFailure.of("open", sql) : e;
            opened.completeExceptionally(why);
            if (!(e instanceof InterruptedException)) {
                log.atError().addKeyValue("file", file).setCause(e).log("The metadata stopped working.");
            }
            refuseAll(why);
        }
    }

    /// Fails whoever still waits, until closed.
    private void refuseAll(Throwable why) {
        boolean more = true;
        while (more) {
            try {
                var job = queue.take();
                job.done().completeExceptionally(why);
                more = !job.last();
            } catch (InterruptedException _) {
                more = false;
            }
        }
    }

    private boolean batch(Connection connection) throws InterruptedException, SQLException {
        var jobs = new ArrayList<Job<?>>();
        jobs.add(queue.take());
        queue.drainTo(jobs, BATCH_MAX - 1);
        boolean more = jobs.stream().noneMatch(Job::last);
        var succeeded = new ArrayList<Runnable>();
        try {
            Db.execute(connection, "BEGIN IMMEDIATE");
            for (var job : jobs) {
                attempt(connection, job, jobs.size() > 1, succeeded);
            }
            commit(connection);
        } catch (IOException | SQLException | RuntimeException | Error e) {
            rollBack(connection);
            for (var job : jobs) {
                // Those that failed on their own have been told already; completing twice does nothing.
                job.done().completeExceptionally(e);
            }
            return more;
        }
        succeeded.forEach(Runnable::run);
        return more;
    }

    private void commit(Connection connection) throws SQLException, IOException {
        var _ = step("commit", () -> {
            Db.execute(connection, "COMMIT");
            return true;
        });
    }

    private Connection open() throws SQLException, IOException {
        return step("open", opening::open);
    }

    /// One change of the file.
    private interface Change<T> {
        T make() throws SQLException, IOException;
    }

    private <T> T step(String step, Change<T> change) throws SQLException, IOException {
        try {
            faults.before(step, file.toString());
        } catch (IOException e) {
            throw Disk.refused(step, file, e);
        }
        try {
            return change.make();
        } finally {
            faults.after(step, file.toString());
        }
    }

    /// In the thread of whoever is about to hand over a transaction.
    void announce() throws StoreException {
        try {
            faults.before("transaction", file.toString());
            faults.after("transaction", file.toString());
        } catch (IOException e) {
            throw Disk.refused("write", file, e);
        }
    }

    private static void attempt(Connection connection, Job<?> job, boolean shared, List<Runnable> succeeded)
            throws SQLException {
        if (shared) {
            Db.execute(connection, "SAVEPOINT one");
        }
        try {
            var success = job.run(connection);
            if (shared) {
                Db.execute(connection, "RELEASE one");
            }
            succeeded.add(success);
        } catch (SQLException | RuntimeException | Error e) {
            if (!shared) {
                throw e;
            }
            Db.execute(connection, "ROLLBACK TO one");
            Db.execute(connection, "RELEASE one");
            job.done().completeExceptionally(e);
        }
    }

    private static void rollBack(Connection connection) {
        try {
            Db.execute(connection, "ROLLBACK");
        } catch (SQLException alreadyRolledBack) {
            // SQLite has done so itself after a full disk or an I/O error (sqlite.org/lang_transaction.html).
        }
    }
}
