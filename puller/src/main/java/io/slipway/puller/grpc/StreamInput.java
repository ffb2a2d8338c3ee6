package io.slipway.puller.grpc;

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import io.slipway.api.types.transfer.Data;
import io.slipway.api.types.transfer.WindowUpdate;
import io.slipway.cas.grpc.Anys;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/// Bytes that a client sends over its stream (containerd-semantics 19), no more of them under way than this side has
/// granted. One reader.
final class StreamInput extends InputStream {
    /// Bytes under way at most; granted again when half of them have been read.
    static final int WINDOW_BYTES = 1 << 20;
    /// A client that keeps its stream open without sending holds a lease and a thread.
    private static final long SILENCE_SECONDS_MAX = TimeUnit.MINUTES.toSeconds(10);

    private final Streams.Stream stream;
    private ByteString data = ByteString.EMPTY;
    private int position;
    private int granted;
    private boolean ended;

    StreamInput(Streams.Stream stream) {
        this.stream = stream;
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
        if (length == 0) {
            return 0;
        }
        while (position == data.size()) {
            if (!next()) {
                return -1;
            }
        }
        int count = Math.min(length, data.size() - position);
        data.substring(position, position + count).copyTo(bytes, offset);
        position += count;
        return count;
    }

    /// What can be had without waiting; a gzip stream asks whether another member follows.
    @Override
    public int available() {
        return ended ? 0 : Math.max(1, data.size() - position);
    }

    private boolean next() throws IOException {
        if (ended) {
            return false;
        }
        try {
            if (granted <= WINDOW_BYTES / 2) {
                int more = WINDOW_BYTES - granted;
                // Without effect when the client has sent everything; that is still to be read.
                var _ = stream.send(
                        Anys.pack(WindowUpdate.newBuilder().setUpdate(more).build()));
                granted += more;
            }
            Optional<Any> message = stream.receive(SILENCE_SECONDS_MAX);
            if (message.isEmpty()) {
                if (!stream.isClosed()) {
                    throw new IOException("nothing came for " + SILENCE_SECONDS_MAX + " s");
                }
                ended = true;
                return false;
            }
            data = content(message.get());
            position = 0;
            granted -= data.size();
            if (granted < 0) {
                throw new IOException("the client sent more than it was allowed to");
            }
            return true;
        } catch (InterruptedException e) {
            throw (InterruptedIOException) new InterruptedIOException("cancelled").initCause(e);
        }
    }

    private static ByteString content(Any message) throws IOException {
        if (!Anys.is(message, Data.getDefaultInstance())) {
            throw new IOException("the client sent " + Anys.typeName(message) + " where data belongs");
        }
        return Anys.unpack(message, Data.parser()).getData();
    }
}
