package io.slipway.runtime.ttrpc;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.util.Optional;

/// Cuts a byte stream into frames. Used by one thread.
///
/// A frame that announces more than the limit is read past, so that the stream stays in step and the other calls on
/// the connection live on.
final class FrameReader {
    /// What one read asks the kernel for; also the most that is held for a connection that is idle.
    private static final int BUFFER_BYTES = 16 << 10;

    /// What the stream holds next.
    sealed interface Next {
        record Whole(Frame frame) implements Next {}

        /// A frame over the limit, already skipped.
        record TooLong(int streamId, int type, long length) implements Next {}
    }

    private final ReadableByteChannel channel;
    private final ByteBuffer buffer = ByteBuffer.allocate(BUFFER_BYTES).flip();

    FrameReader(ReadableByteChannel channel) {
        this.channel = channel;
    }

    /// Waits for the next frame.
    ///
    /// @return empty when the peer closed between two frames
    /// @throws EOFException when it closed within one
    Optional<Next> next() throws IOException {
        if (!buffer.hasRemaining() && !fill()) {
            return Optional.empty();
        }
        need(Frame.HEADER_BYTES);
        long length = Integer.toUnsignedLong(buffer.getInt());
        int streamId = buffer.getInt();
        int type = Byte.toUnsignedInt(buffer.get());
        int flags = Byte.toUnsignedInt(buffer.get());
        if (length > Frame.PAYLOAD_BYTES_MAX) {
            skip(length);
            return Optional.of(new Next.TooLong(streamId, type, length));
        }
        return Optional.of(new Next.Whole(new Frame(streamId, type, flags, payload((int) length))));
    }

    private ByteString payload(int length) throws IOException {
        byte[] bytes = new byte[length];
        int filled = 0;
        while (filled < length) {
            if (!buffer.hasRemaining()) {
                fillOrFail();
            }
            int part = Math.min(buffer.remaining(), length - filled);
            buffer.get(bytes, filled, part);
            filled += part;
        }
        return UnsafeByteOperations.unsafeWrap(bytes); // ours alone from here on
    }

    private void skip(long length) throws IOException {
        long left = length;
        while (left > 0) {
            if (!buffer.hasRemaining()) {
                fillOrFail();
            }
            int part = (int) Math.min(buffer.remaining(), left);
            buffer.position(buffer.position() + part);
            left -= part;
        }
    }

    private void need(int bytes) throws IOException {
        while (buffer.remaining() < bytes) {
            buffer.compact();
            int read = channel.read(buffer);
            buffer.flip();
            if (read < 0) {
                throw new EOFException("the peer closed within a frame");
            }
        }
    }

    private void fillOrFail() throws IOException {
        if (!fill()) {
            throw new EOFException("the peer closed within a frame");
        }
    }

    private boolean fill() throws IOException {
        buffer.clear();
        int read = channel.read(buffer);
        buffer.flip();
        return read >= 0;
    }
}
