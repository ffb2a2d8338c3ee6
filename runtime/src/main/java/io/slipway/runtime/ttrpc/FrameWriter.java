package io.slipway.runtime.ttrpc;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;

/// Writes frames to a byte stream. Used by one thread.
final class FrameWriter {
    /// The JDK copies what it writes into a direct buffer of the same size; this keeps that one small.
    private static final int BUFFER_BYTES = 16 << 10;

    private final WritableByteChannel channel;
    private final ByteBuffer buffer = ByteBuffer.allocate(BUFFER_BYTES);

    FrameWriter(WritableByteChannel channel) {
        this.channel = channel;
    }

    void write(Frame frame) throws IOException {
        ByteString payload = frame.payload();
        buffer.clear();
        buffer.putInt(payload.size());
        buffer.putInt(frame.streamId());
        buffer.put((byte) frame.type());
        buffer.put((byte) frame.flags());
        int taken = 0;
        while (true) {
            int part = Math.min(buffer.remaining(), payload.size() - taken);
            payload.substring(taken, taken + part).copyTo(buffer);
            taken += part;
            buffer.flip();
            while (buffer.hasRemaining()) {
                channel.write(buffer);
            }
            if (taken == payload.size()) {
                return;
            }
            buffer.clear();
        }
    }
}
