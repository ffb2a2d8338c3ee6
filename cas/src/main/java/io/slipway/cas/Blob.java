package io.slipway.cas;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;

/// A whole, verified blob, open for reading. It stays readable until closed even when it is deleted or
/// collected meanwhile (an open file keeps its bytes). Positional reads may come from several threads; reads
/// block on the disk, so never from an event loop. Interrupting a thread that is reading closes this Blob
/// (and no other), as for any FileChannel. Closing twice is fine.
public interface Blob extends AutoCloseable {

    Digest digest();

    /// Bytes.
    long size();

    /// Reads at least one byte at `position` into the buffer; -1 when `position` is at or past the end.
    int read(long position, ByteBuffer into) throws IOException;

    /// The file itself, read-only, for sendfile; owned by this Blob, positioned reads only.
    FileChannel channel();

    @Override
    void close();
}
