package io.slipway.cas.file;

import io.slipway.cas.Digest;
import io.slipway.linux.Hasher;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.HexFormat;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;

/// Reads a stored blob again and compares its digest, in slices on the bytes pool, so that others get their
/// turn between two of them.
public final class Rehash {

    /// Bytes of one task on the pool.
    private static final long SLICE_BYTES = 4L << 20;

    private final Workshop shop;

    Rehash(Workshop shop) {
        this.shop = shop;
    }

    /// Told how many bytes were read; may make the caller wait.
    @FunctionalInterface
    public interface Pace {
        Pace NONE = _ -> {};

        void read(long bytes) throws InterruptedException;
    }

    /// What came of it.
    public sealed interface Result {

        record Good(long size) implements Result {}

        /// @param file which file had these bytes
        record Corrupt(FileId file, String actual) implements Result {}

        /// @param file which file does not give back its bytes
        record Unreadable(FileId file, String why) implements Result {}

        /// It is not stored any more.
        record Gone() implements Result {}
    }

    /// Device and inode: two blobs of one name, one after the other, are two files.
    public record FileId(String key) {
        static FileId of(Path path) throws IOException {
            return new FileId(
                    String.valueOf(Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
                            .fileKey()));
        }
    }

    /// IOException when the file can't be opened at all, which says nothing about the blob.
    public Result of(Digest digest, Pace pace) throws IOException, InterruptedException {
        var path = shop.layout().blob(digest);
        FileId id;
        try {
            id = FileId.of(path);
        } catch (NoSuchFileException gone) {
            return new Result.Gone();
        }
        try (var file = PositionalFile.open(path, StandardOpenOption.READ);
                var hasher = shop.hashers().open(digest.algorithm().id())) {
            try {
                long size = all(file, hasher, pace);
                var actual = HexFormat.of().formatHex(hasher.digest());
                return actual.equals(digest.hex())
                        ? new Result.Good(size)
                        : new Result.Corrupt(id, digest.algorithm().id() + ":" + actual);
            } catch (IOException e) {
                return new Result.Unreadable(id, String.valueOf(e.getMessage()));
            }
        } catch (NoSuchFileException gone) {
            return new Result.Gone();
        }
    }

    private long all(PositionalFile file, Hasher hasher, Pace pace) throws IOException, InterruptedException {
        long at = 0;
        while (true) {
            long from = at;
            long read = await(CompletableFuture.supplyAsync(() -> slice(file, hasher, from), shop.bytes()));
            if (read == 0) {
                return at;
            }
            at += read;
            pace.read(read);
        }
    }

    /// Not left before the task has ended: it uses what the caller closes.
    private static long await(CompletableFuture<Outcome> task) throws IOException, InterruptedException {
        try {
            return task.get().bytes();
        } catch (InterruptedException e) {
            var _ = task.join();
            throw e;
        } catch (ExecutionException e) {
            throw new IllegalStateException("hashing failed", e.getCause());
        }
    }

    private sealed interface Outcome {
        long bytes() throws IOException;
    }

    private record Took(long bytes) implements Outcome {}

    private record Failed(IOException failure) implements Outcome {
        @Override
        public long bytes() throws IOException {
            throw failure;
        }
    }

    private Outcome slice(PositionalFile file, Hasher hasher, long from) {
        var buffer = shop.buffers().take();
        try {
            long at = from;
            while (at - from < SLICE_BYTES && file.read(at, buffer.clear()) > 0) {
                buffer.flip();
                at += buffer.remaining();
                hasher.update(buffer);
            }
            return new Took(at - from);
        } catch (IOException e) {
            return new Failed(e);
        } finally {
            shop.buffers().give(buffer);
        }
    }
}
