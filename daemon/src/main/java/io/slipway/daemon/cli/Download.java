package io.slipway.daemon.cli;

import com.google.protobuf.ByteString;
import io.slipway.api.types.transfer.Data;
import io.slipway.api.types.transfer.WindowUpdate;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Takes bytes from the daemon on a stream beside a call; grants it more as they are written.
final class Download implements AutoCloseable {
    private static final int WINDOW_BYTES = 1 << 20;
    /// After the call has ended, for what is left of the window.
    private static final Duration REST_WITHIN = Duration.ofMinutes(1);

    private final SideStream stream;
    private volatile @Nullable IOException failure;

    private Download(Connection connection, OutputStream out, ByteMeter meter)
            throws CallFailed, CommandFailed, InterruptedException {
        stream = SideStream.open(connection, "archive", (exchange, message) -> {
            if (Messages.is(message, Messages.DATA) && failure == null) {
                ByteString data = Data.parseFrom(message.getValue()).getData();
                try {
                    data.writeTo(out);
                    meter.moved(data.size());
                    exchange.send(window(data.size()));
                } catch (IOException e) {
                    failure = e;
                }
            }
        });
    }

    static Download start(Connection connection, OutputStream out, ByteMeter meter)
            throws CallFailed, CommandFailed, InterruptedException {
        Download download = new Download(connection, out, meter);
        download.stream.send(window(WINDOW_BYTES));
        return download;
    }

    private static com.google.protobuf.Any window(int bytes) {
        return Messages.any(
                Messages.WINDOW_UPDATE,
                WindowUpdate.newBuilder().setUpdate(bytes).build());
    }

    String id() {
        return stream.id();
    }

    /// Why the bytes could not be written, if so: the daemon still waits for room then.
    Optional<IOException> failure() {
        return Optional.ofNullable(failure);
    }

    /// Whether everything has come and is written, once the call has succeeded.
    boolean complete() throws InterruptedException {
        return stream.complete(REST_WITHIN) && failure == null;
    }

    @Override
    public void close() {
        stream.close();
    }
}
