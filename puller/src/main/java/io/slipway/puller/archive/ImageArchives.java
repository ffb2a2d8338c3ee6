package io.slipway.puller.archive;

import io.slipway.cas.ApiException;
import io.slipway.cas.ApiException.Code;
import io.slipway.cas.BlobStore;
import io.slipway.cas.Contents;
import io.slipway.cas.Descriptor;
import io.slipway.cas.Images;
import io.slipway.cas.Ingests;
import io.slipway.cas.Leases;
import io.slipway.puller.Unpacker;
import io.slipway.puller.image.Failures;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import org.jspecify.annotations.Nullable;

/// Takes images out of archives and puts them into archives. Thread-safe; blocks its caller, whose interruption ends
/// the work, but works on `threads`: unpacking an archive would hold the thread that carries the caller.
public final class ImageArchives {
    private final Stores stores;
    private final StoredUnpack unpack;
    private final ExecutorService threads;

    /// The parts of the store that archives need.
    public record Stores(BlobStore blobs, Contents contents, Images images, Leases leases, Ingests ingests) {}

    /// @param threads as many archives are read or written at once; the others wait
    public ImageArchives(Stores stores, Unpacker unpacker, ExecutorService threads) {
        this.stores = stores;
        this.unpack = new StoredUnpack(stores.blobs(), unpacker);
        this.threads = threads;
    }

    /// Reads an archive to its end and records its images, all or none.
    ///
    /// @return the records made
    /// @throws ApiException DATA_LOSS when the archive is damaged, incomplete or none; RESOURCE_EXHAUSTED when the
    ///     disk refuses
    public Map<String, Descriptor> read(ImportRequest request, InputStream in, ArchiveListener listener)
            throws InterruptedException {
        return work("archive", () -> {
            try (Holding holding = Holding.of(stores.leases(), request.namespace(), request.lease())) {
                return new ImageImport(stores, unpack, request, holding, listener).run(in);
            }
        });
    }

    /// Writes images into an archive.
    ///
    /// @throws ApiException NOT_FOUND for an image that does not exist; DATA_LOSS when one is not whole
    public void write(ExportRequest request, OutputStream out, ArchiveListener listener) throws InterruptedException {
        var _ = work("image", () -> {
            try (Holding holding = Holding.of(stores.leases(), request.namespace(), request.lease())) {
                new ImageExport(stores, request, holding, listener).run(out);
                return request;
            }
        });
    }

    private <T> T work(String what, Callable<T> job) throws InterruptedException {
        FutureTask<T> task = new FutureTask<>(job);
        Future<?> run = threads.submit(task);
        try {
            return task.get();
        } catch (InterruptedException e) {
            run.cancel(true);
            throw e;
        } catch (ExecutionException e) {
            throw failure(what, e.getCause());
        }
    }

    private static RuntimeException failure(String what, @Nullable Throwable cause) throws InterruptedException {
        return switch (cause) {
            case InterruptedException interrupted -> throw interrupted;
            case InterruptedIOException interrupted ->
                throw (InterruptedException) new InterruptedException(interrupted.getMessage()).initCause(interrupted);
            case BadArchive bad -> new ApiException(Code.DATA_LOSS, what + ": " + bad.getMessage(), bad);
            case ApiException known -> known;
            case IOException io -> Failures.local(what, io);
            case Error error -> throw error;
            case RuntimeException bug -> throw bug;
            case null, default -> new IllegalStateException("a job failed without a known cause", cause);
        };
    }
}
