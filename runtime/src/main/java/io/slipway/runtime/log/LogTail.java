package io.slipway.runtime.log;

import java.io.IOException;
import java.nio.ByteBuffer;

/// Finds where the last lines of a log begin, reading from its end.
final class LogTail {
    private LogTail() {}

    /// The position of the first of the last `lines` lines. A last line without its end counts as one.
    static long startOf(LogFile file, int lines) throws IOException {
        long start = file.start();
        long end = file.end();
        ByteBuffer buffer = ByteBuffer.allocate(Logs.CHUNK_BYTES);
        int ends = 0;
        long blockEnd = end;
        while (blockEnd > start) {
            long blockStart = Math.max(start, blockEnd - buffer.capacity());
            fill(file, blockStart, buffer.clear().limit((int) (blockEnd - blockStart)));
            for (int i = buffer.position() - 1; i >= 0; i--) {
                long position = blockStart + i;
                if (buffer.get(i) == '\n' && position != end - 1 && ++ends == lines) {
                    return position + 1;
                }
            }
            blockEnd = blockStart;
        }
        return start;
    }

    private static void fill(LogFile file, long position, ByteBuffer buffer) throws IOException {
        long at = position;
        int limit = buffer.limit();
        while (buffer.position() < limit) {
            long next = file.read(at, buffer);
            buffer.limit(limit);
            if (next == at) {
                return; // cut meanwhile
            }
            at = next;
        }
    }
}
