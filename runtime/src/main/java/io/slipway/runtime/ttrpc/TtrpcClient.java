package io.slipway.runtime.ttrpc;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.Parser;
import io.slipway.api.google.rpc.Status;
import io.slipway.api.ttrpc.KeyValue;
import io.slipway.api.ttrpc.Request;
import io.slipway.api.ttrpc.Response;
import io.slipway.cas.ApiException;
import java.io.IOException;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// One connection to a ttrpc server; any number of threads call through it at once.
///
/// Two virtual threads serve it. The *writer* alone allocates stream ids and writes, which keeps ids increasing on
/// the
/// wire, and spares the socket the interrupts of callers (an interrupt closes the channel it hits, and a closed
/// channel
/// means to the daemon that a shim died). The *reader* alone completes calls. When the connection ends, for
/// whatever
/// reason, every open call fails with [TtrpcClosedException] and then the callback runs, once.
public final class TtrpcClient implements AutoCloseable {
    /// Calls that may wait for their answer at once; one more fails with RESOURCE_EXHAUSTED.
    public static final int CALLS_PENDING_MAX = 1024;
    /// Stream ids are odd and unsigned 32 bit; behind this one the connection is closed, and who needs more
    /// connects
    /// again.
    private static final long STREAM_ID_MAX = 0xFFFF_FFFFL;

    private static final Logger log = LoggerFactory.getLogger(TtrpcClient.class);

    private final String peer;
    private final SocketChannel channel;
    private final Runnable onClosed;
    private final BlockingQueue<Call> outgoing = new ArrayBlockingQueue<>(CALLS_PENDING_MAX);
    private final Map<Integer, Call> pending = new ConcurrentHashMap<>();
    private final Semaphore room = new Semaphore(CALLS_PENDING_MAX);
    private final AtomicBoolean closed = new AtomicBoolean();
    private final Thread writer;
    private volatile @Nullable Throwable closedBy;

    private static final class Call {
        final ByteString request;
        final CompletableFuture<Response> answer = new CompletableFuture<>();
        /// Set by the writer before the frame leaves.
        volatile int streamId;

        Call(ByteString request) {
            this.request = request;
        }
    }

    private TtrpcClient(String peer, SocketChannel channel, Runnable onClosed) {
        this.peer = peer;
        this.channel = channel;
        this.onClosed = onClosed;
        this.writer = Thread.ofVirtual().name("ttrpc write " + peer).unstarted(this::write);
    }

    /// Connects to a unix socket.
    ///
    /// @param onClosed runs once, on a thread of the client, after the connection has ended and every open call was
    ///     failed; also after [#close]
    public static TtrpcClient connect(SocketAddress address, Runnable onClosed) throws IOException {
        SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
        try {
            channel.connect(address);
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
        TtrpcClient client = new TtrpcClient(address.toString(), channel, onClosed);
        client.writer.start();
        Thread.ofVirtual().name("ttrpc read " + address).start(client::read);
        return client;
    }

    /// Calls `method` of `service` and waits for the answer.
    ///
    /// An interrupt or the end of `timeout` makes this side forget the call; the server works on until its own
    /// deadline (ttrpc cannot cancel).
    ///
    /// @param timeout sent along and kept on this side too; empty waits as long as it takes
    /// @param metadata key-value pairs beside the request; keys travel in lower case
    /// @throws TtrpcException the server's refusal; DEADLINE_EXCEEDED; RESOURCE_EXHAUSTED when the request or the
    ///     answer is over the frame limit or too many calls are open
    /// @throws TtrpcClosedException when the connection ended first
    public <T extends Message> T call(
            String service,
            String method,
            Message request,
            Parser<T> parser,
            Optional<Duration> timeout,
            Map<String, String> metadata)
            throws IOException, InterruptedException {
        Call call = new Call(envelope(service, method, request, timeout, metadata));
        if (!room.tryAcquire()) {
            throw new TtrpcException(
                    ApiException.Code.RESOURCE_EXHAUSTED, "too many calls wait for " + peer + ": " + CALLS_PENDING_MAX);
        }
        try {
            outgoing.add(call); // has as many places as there are permits
            if (closed.get()) {
                throw new TtrpcClosedException(peer, closedBy);
            }
            Response response = timeout.isPresent()
                    ? call.answer.get(timeout.get().toNanos(), TimeUnit.NANOSECONDS)
                    : call.answer.get();
            return parse(service, method, response, parser);
        } catch (TimeoutException e) {
            throw new TtrpcException(
                    ApiException.Code.DEADLINE_EXCEEDED,
                    service + "/" + method + " was not answered within " + timeout.orElseThrow());
        } catch (ExecutionException e) {
            throw failure(e.getCause());
        } finally {
            call.answer.cancel(false);
            outgoing.remove(call);
            pending.remove(call.streamId, call);
            room.release();
        }
    }

    /// Whether the connection has ended.
    public boolean isClosed() {
        return closed.get();
    }

    /// Ends the connection. Twice is fine.
    @Override
    public void close() {
        end(null);
    }

    private static ByteString envelope(
            String service, String method, Message request, Optional<Duration> timeout, Map<String, String> metadata)
            throws TtrpcException {
        Request.Builder envelope = Request.newBuilder()
                .setService(service)
                .setMethod(method)
                .setPayload(request.toByteString())
                .setTimeoutNano(timeout.map(Duration::toNanos).orElse(0L));
        metadata.forEach((key, value) -> envelope.addMetadata(
                KeyValue.newBuilder().setKey(key.toLowerCase(Locale.ROOT)).setValue(value)));
        ByteString bytes = envelope.build().toByteString();
        if (bytes.size() > Frame.PAYLOAD_BYTES_MAX) {
            throw new TtrpcException(ApiException.Code.RESOURCE_EXHAUSTED, Frame.tooLong(bytes.size()));
        }
        return bytes;
    }

    private static <T extends Message> T parse(String service, String method, Response response, Parser<T> parser)
            throws TtrpcException {
        Status status = response.getStatus();
        if (status.getCode() != 0) {
            throw new TtrpcException(StatusCodes.code(status.getCode()), status.getMessage());
        }
        try {
            return parser.parseFrom(response.getPayload());
        } catch (InvalidProtocolBufferException e) {
            throw new TtrpcException(
                    ApiException.Code.INTERNAL,
                    "the answer of " + service + "/" + method + " does not parse: " + e.getMessage());
        }
    }

    private IOException failure(@Nullable Throwable cause) {
        return cause instanceof TtrpcException e
                ? new TtrpcException(e.code(), String.valueOf(e.getMessage()))
                : new TtrpcClosedException(peer, cause);
    }

    private void write() {
        FrameWriter frames = new FrameWriter(channel);
        long nextId = 1;
        try {
            while (!closed.get()) {
                Call call = outgoing.take();
                if (nextId > STREAM_ID_MAX) {
                    throw new IOException("all stream ids of the connection are used");
                }
                call.streamId = (int) nextId;
                nextId += 2;
                pending.put(call.streamId, call);
                if (closed.get()) { // the reader may have failed all others already
                    call.answer.completeExceptionally(closedFailure());
                    return;
                }
                if (call.answer.isDone()) { // given up meanwhile: nothing of it leaves, its id is skipped
                    pending.remove(call.streamId);
                    continue;
                }
                frames.write(new Frame(call.streamId, Frame.REQUEST, 0, call.request));
            }
        } catch (InterruptedException e) {
            end(null);
        } catch (IOException e) {
            end(e);
        }
    }

    private void read() {
        FrameReader frames = new FrameReader(channel);
        try {
            while (true) {
                Optional<FrameReader.Next> next = frames.next();
                if (next.isEmpty()) {
                    end(null);
                    break;
                }
                switch (next.get()) {
                    case FrameReader.Next.Whole(Frame frame) -> received(frame);
                    case FrameReader.Next.TooLong(int streamId, int type, long length) -> {
                        if (type == Frame.RESPONSE) {
                            fail(streamId, ApiException.Code.RESOURCE_EXHAUSTED, Frame.tooLong(length));
                        }
                    }
                }
            }
        } catch (IOException e) {
            end(e);
        }
        pending.values().forEach(call -> call.answer.completeExceptionally(closedFailure()));
        Call waiting;
        while ((waiting = outgoing.poll()) != null) {
            waiting.answer.completeExceptionally(closedFailure());
        }
        onClosed.run();
    }

    private TtrpcClosedException closedFailure() {
        return new TtrpcClosedException(peer, closedBy);
    }

    private void received(Frame frame) {
        switch (frame.type()) {
            case Frame.RESPONSE -> {
                Call call = pending.remove(frame.streamId());
                if (call == null) {
                    log.atDebug().addKeyValue("peer", peer).log("An answer came for a call that was given up.");
                    return;
                }
                try {
                    call.answer.complete(Response.parseFrom(frame.payload()));
                } catch (InvalidProtocolBufferException e) {
                    call.answer.completeExceptionally(new TtrpcException(
                            ApiException.Code.INTERNAL, "the answer's envelope does not parse: " + e.getMessage()));
                }
            }
            case Frame.DATA ->
                fail(
                        frame.streamId(),
                        ApiException.Code.INTERNAL,
                        "the server sent stream data in answer to a unary call");
            default -> {} // unknown types are skipped
        }
    }

    private void fail(int streamId, ApiException.Code code, String message) {
        Call call = pending.remove(streamId);
        if (call != null) {
            call.answer.completeExceptionally(new TtrpcException(code, message));
        }
    }

    /// Marks the connection ended; the reader, woken by the closed channel, fails the calls and tells the owner.
    private void end(@Nullable Throwable cause) {
        if (closed.compareAndSet(false, true)) {
            closedBy = cause;
            writer.interrupt();
            try {
                channel.close();
            } catch (IOException e) {
                log.atDebug().addKeyValue("peer", peer).setCause(e).log("Closing a ttrpc connection failed.");
            }
        }
    }
}
