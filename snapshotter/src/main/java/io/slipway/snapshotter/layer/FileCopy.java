package io.slipway.snapshotter.layer;

import io.slipway.linux.Errno;
import io.slipway.linux.FileHandle;
import io.slipway.linux.LinuxException;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.OptionalLong;

/// Copies the contents of a file: holes stay holes, blocks are shared where the file system can (copy_file_range(2)).
public final class FileCopy {
    private static final int PIECE_BYTES = 128 << 10;

    private FileCopy() {}

    /// @param size of the source, which does not change meanwhile
    /// @param target an empty file
    public static void run(FileHandle source, long size, FileHandle target) throws IOException {
        OptionalLong data = size == 0 ? OptionalLong.empty() : source.nextData(0);
        while (data.isPresent() && data.getAsLong() < size) {
            long start = data.getAsLong();
            long end = Math.min(source.nextHole(start), size);
            range(source, target, start, end);
            data = end < size ? source.nextData(end) : OptionalLong.empty();
        }
        target.truncate(size);
    }

    private static void range(FileHandle source, FileHandle target, long start, long end) throws IOException {
        long at = start;
        while (at < end) {
            long n = piece(source, target, at, end);
            if (n <= 0) {
                throw new EOFException("a file of a snapshot became shorter while it was copied");
            }
            at += n;
        }
    }

    private static long piece(FileHandle source, FileHandle target, long at, long end) throws IOException {
        try {
            return source.copyTo(target, at, at, end - at);
        } catch (LinuxException e) {
            if (e.errno() != Errno.EXDEV && e.errno() != Errno.EOPNOTSUPP) {
                throw e;
            }
        }
        // By hand, where the kernel can't copy between the two file systems.
        ByteBuffer bytes = ByteBuffer.allocate((int) Math.min(PIECE_BYTES, end - at));
        int n = source.read(bytes, at);
        target.write(bytes.flip(), at);
        return n;
    }
}
