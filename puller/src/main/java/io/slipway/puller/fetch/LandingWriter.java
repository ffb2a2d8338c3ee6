package io.slipway.puller.fetch;

import io.slipway.cas.Landing;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/// Writes to the store on the writers' pool and waits: a write holds its thread, and virtual threads share few.
final class LandingWriter {
    private final Landing landing;
    private final ExecutorService writers;

    LandingWriter(Landing landing, ExecutorService writers) {
        this.landing = landing;
        this.writers = writers;
    }

    /// Returns when the bytes have landed; the buffer is the caller's again, whatever happens.
    ///
    /// @throws NotWritten when the store refused them
    void write(long offset, ByteBuffer bytes) throws NotWritten, InterruptedException {
        CompletableFuture<@Nullable IOException> written;
        try {
            written = CompletableFuture.supplyAsync(() -> attempt(offset, bytes), writers);
        } catch (RejectedExecutionException e) {
            throw new NotWritten(new IOException("the daemon is stopping", e));
        }
        try {
            IOException refused = written.get();
            if (refused != null) {
                throw new NotWritten(refused);
            }
        } catch (ExecutionException e) {
            throw new IllegalStateException("a write to the store failed in a way that was not foreseen", e);
        } catch (InterruptedException e) {
            // The buffer is on loan until the write is over; this wait can't be interrupted.
            boolean _ = written.handle((_, _) -> true).join();
            throw e;
        }
    }

    private @Nullable IOException attempt(long offset, ByteBuffer bytes) {
        try {
            landing.write(offset, bytes);
            return null;
        } catch (IOException e) {
            return e;
        }
    }

    /// The store refused bytes; [#store] says why.
    static final class NotWritten extends IOException {
        private static final long serialVersionUID = 1L;

        private final IOException store;

        NotWritten(IOException store) {
            super(store.getMessage(), store);
            this.store = store;
        }

        IOException store() {
            return store;
        }
    }

    /// Ends a read that has brought all that is still needed. Not a failure.
    static final class Enough extends IOException {
        private static final long serialVersionUID = 1L;

        Enough() {
            super("all that is needed has come");
        }
    }
}
