package io.slipway.daemon.cli;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import io.slipway.api.services.streaming.v1.StreamInit;
import io.slipway.api.services.streaming.v1.StreamingGrpcClient;
import io.vertx.grpc.common.GrpcStatus;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;

/// A named stream beside a call, on which the daemon sends messages while the call goes on. A thread of its own reads
/// it and hands each message to the reader, until either side ends the stream.
final class SideStream implements AutoCloseable {
    private static final Duration ACKNOWLEDGED_WITHIN = Duration.ofSeconds(20);

    /// Takes the messages, one at a time; may answer through `exchange`.
    interface Reader {
        void read(Exchange<Any, Any> exchange, Any message) throws InvalidProtocolBufferException;
    }

    private final String id;
    private final Exchange<Any, Any> exchange;
    private final Thread thread;
    private final AtomicBoolean complete;

    private SideStream(String id, Exchange<Any, Any> exchange, Thread thread, AtomicBoolean complete) {
        this.id = id;
        this.exchange = exchange;
        this.thread = thread;
        this.complete = complete;
    }

    /// Opens a stream and returns once the daemon knows its name.
    static SideStream open(Connection connection, String purpose, Reader reader)
            throws CallFailed, CommandFailed, InterruptedException {
        String id = Ids.unique(purpose);
        Exchange<Any, Any> exchange = connection.open(StreamingGrpcClient.Stream);
        try {
            exchange.send(Messages.any(
                    Messages.STREAM_INIT, StreamInit.newBuilder().setId(id).build()));
            Optional<Any> acknowledged = exchange.poll(ACKNOWLEDGED_WITHIN)
                    .orElseThrow(() -> new CallFailed(
                            GrpcStatus.DEADLINE_EXCEEDED, "the daemon does not open a " + purpose + " stream"));
            if (acknowledged.isEmpty()) {
                throw new CallFailed(GrpcStatus.INTERNAL, "the daemon ended the " + purpose + " stream at once");
            }
        } catch (CallFailed | InterruptedException e) {
            exchange.close();
            throw e;
        }
        AtomicBoolean complete = new AtomicBoolean();
        Thread thread = Thread.ofPlatform().daemon().name(purpose).start(() -> readAll(exchange, reader, complete));
        return new SideStream(id, exchange, thread, complete);
    }

    private static void readAll(Exchange<Any, Any> exchange, Reader reader, AtomicBoolean complete) {
        try {
            Optional<Any> message = exchange.next();
            while (message.isPresent()) {
                reader.read(exchange, message.get());
                message = exchange.next();
            }
            complete.set(true);
        } catch (CallFailed | InvalidProtocolBufferException e) {
            // The call that this stream belongs to fails, too, and says why.
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /// The name to refer to this stream by.
    String id() {
        return id;
    }

    /// Sends a message of this side.
    void send(Any message) {
        exchange.send(message);
    }

    /// This side has sent everything.
    void end() {
        exchange.endRequests();
    }

    /// Whether the daemon ended the stream in order, and everything it sent has been read, within `limit`.
    boolean complete(Duration limit) throws InterruptedException {
        var _ = thread.join(limit);
        return complete.get();
    }

    /// Ends the stream from this side; messages that the daemon has sent before are still read, for a moment.
    void drain() throws InterruptedException {
        exchange.endRequests();
        thread.join(Duration.ofMillis(500));
    }

    @Override
    public void close() {
        thread.interrupt();
        exchange.close();
    }
}
