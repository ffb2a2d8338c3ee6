package io.slipway.cas.file;

import io.slipway.cas.Blob;
import io.slipway.cas.Digest;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.util.concurrent.atomic.AtomicBoolean;

/// An open file in `blobs/`.
final class FileBlob implements Blob {

    private final Digest digest;
    private final FileChannel channel;
    private final long size;
    private final Holds holds;
    private final Doubts doubts;
    private final AtomicBoolean closed = new AtomicBoolean();

    /// Takes over the channel and a hold on the digest.
    FileBlob(Digest digest, FileChannel channel, long size, Holds holds, Doubts doubts) {
        this.digest = digest;
        this.channel = channel;
        this.size = size;
        this.holds = holds;
        this.doubts = doubts;
    }

    @Override
    public Digest digest() {
        return digest;
    }

    @Override
    public long size() {
        return size;
    }

    @Override
    public int read(long position, ByteBuffer into) throws IOException {
        if (!into.hasRemaining()) {
            return 0;
        }
        try {
            return channel.read(into, position);
        } catch (ClosedChannelException e) {
            throw e;
        } catch (IOException e) {
            doubts.add(digest);
            throw e;
        }
    }

    @Override
    public FileChannel channel() {
        return channel;
    }

    @Override
    public void close() {
        if (closed.compareAndSet(false, true)) {
            try {
                channel.close();
            } catch (IOException nothingWasWritten) {
                // Only read from.
            }
            holds.drop(digest);
        }
    }
}
