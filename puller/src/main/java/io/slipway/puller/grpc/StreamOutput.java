package io.slipway.puller.grpc;

import com.google.protobuf.Any;
import com.google.protobuf.UnsafeByteOperations;
import io.slipway.api.types.transfer.Data;
import io.slipway.api.types.transfer.WindowUpdate;
import io.slipway.cas.grpc.Anys;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/// Bytes for a client over its stream (containerd-semantics 19), no more of them under way than the client has granted.
/// One writer. Closing it does nothing: the stream ends with the call.
final class StreamOutput extends OutputStream {
    private static final int CHUNK_BYTES_MAX = 256 << 10;
    /// A client that reads nothing for so long is gone.
    private static final long SILENCE_SECONDS_MAX = TimeUnit.MINUTES.toSeconds(10);

    private final Streams.Stream stream;
    private long window;

    StreamOutput(Streams.Stream stream) {
        this.stream = stream;
    }

    @Override
    public void write(int value) throws IOException {
        write(new byte[] {(byte) value}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
        int at = offset;
        int end = offset + length;
        while (at < end) {
            awaitWindow();
            int count = (int) Math.min(Math.min(CHUNK_BYTES_MAX, window), end - at);
            send(Arrays.copyOfRange(bytes, at, at + count));
            window -= count;
            at += count;
        }
    }

    private void send(byte[] chunk) throws IOException {
        try {
            if (!stream.send(Anys.pack(Data.newBuilder()
                    .setData(UnsafeByteOperations.unsafeWrap(chunk))
                    .build()))) {
                throw gone();
            }
        } catch (InterruptedException e) {
            throw (InterruptedIOException) new InterruptedIOException("cancelled").initCause(e);
        }
    }

    private void awaitWindow() throws IOException {
        while (window <= 0) {
            Optional<Any> message;
            try {
                message = stream.receive(SILENCE_SECONDS_MAX);
            } catch (InterruptedException e) {
                throw (InterruptedIOException) new InterruptedIOException("cancelled").initCause(e);
            }
            if (message.isEmpty()) {
                throw gone();
            }
            if (!Anys.is(message.get(), WindowUpdate.getDefaultInstance())) {
                throw new IOException(
                        "the client sent " + Anys.typeName(message.get()) + " where only room for more is said");
            }
            window += Anys.unpack(message.get(), WindowUpdate.parser()).getUpdate();
        }
    }

    /// The client ended its stream before it had everything: nobody is there to be told of a failure.
    private static InterruptedIOException gone() {
        return new InterruptedIOException("the client ended its stream");
    }
}
