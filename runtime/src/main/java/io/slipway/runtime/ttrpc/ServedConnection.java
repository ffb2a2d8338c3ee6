package io.slipway.runtime.ttrpc;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import io.slipway.api.google.rpc.Status;
import io.slipway.api.ttrpc.KeyValue;
import io.slipway.api.ttrpc.Request;
import io.slipway.api.ttrpc.Response;
import io.slipway.cas.ApiException;
import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// One connection of the server: a virtual thread reads frames, one more per open call answers it.
final class ServedConnection implements AutoCloseable {
    /// Open calls per connection; beyond, nothing more is read until one is answered.
    static final int CALLS_MAX = 256;

    private static final Logger log = LoggerFactory.getLogger(ServedConnection.class);

    private final SocketChannel channel;
    private final Map<String, TtrpcService> services;
    private final Consumer<ServedConnection> whenOver;
    private final Semaphore room = new Semaphore(CALLS_MAX);
    /// Threads of open calls by stream id.
    private final Map<Integer, Thread> open = new ConcurrentHashMap<>();
    private final ReentrantLock writing = new ReentrantLock();
    private final FrameWriter frames;
    private final Thread reader;
    /// Reader only, as an unsigned value; 0 before the first request.
    private int lastStreamId;

    ServedConnection(SocketChannel channel, Map<String, TtrpcService> services, Consumer<ServedConnection> whenOver) {
        this.channel = channel;
        this.services = services;
        this.whenOver = whenOver;
        this.frames = new FrameWriter(channel);
        this.reader = Thread.ofVirtual().name("ttrpc serve").unstarted(this::read);
    }

    void start() {
        reader.start();
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            log.atDebug().setCause(e).log("Closing a ttrpc connection failed.");
        }
    }

    private void read() {
        FrameReader in = new FrameReader(channel);
        try {
            while (true) {
                Optional<FrameReader.Next> next = in.next();
                if (next.isEmpty()) {
                    break;
                }
                switch (next.get()) {
                    case FrameReader.Next.Whole(Frame frame) -> received(frame);
                    case FrameReader.Next.TooLong(int streamId, int type, long length) -> {
                        if (type == Frame.REQUEST) {
                            refuse(streamId, ApiException.Code.RESOURCE_EXHAUSTED, Frame.tooLong(length));
                        }
                    }
                }
            }
        } catch (IOException e) {
            log.atDebug().setCause(e).log("A ttrpc connection ended in the middle of something.");
        } catch (InterruptedException e) {
            log.atDebug().log("A ttrpc connection was stopped.");
        } finally {
            close();
            open.values().forEach(Thread::interrupt);
            whenOver.accept(this);
        }
    }

    private void received(Frame frame) throws IOException, InterruptedException {
        switch (frame.type()) {
            case Frame.REQUEST -> request(frame);
            case Frame.DATA -> {
                if (!open.containsKey(frame.streamId())) {
                    refuse(frame.streamId(), ApiException.Code.INVALID_ARGUMENT, "StreamID is no longer active");
                }
            }
            default -> {} // unknown types are skipped
        }
    }

    private void request(Frame frame) throws IOException, InterruptedException {
        int id = frame.streamId();
        if ((id & 1) == 0) {
            refuse(id, ApiException.Code.INVALID_ARGUMENT, "StreamID must be odd for client initiated streams");
            return;
        }
        if (Integer.compareUnsigned(id, lastStreamId) <= 0) {
            refuse(id, ApiException.Code.INVALID_ARGUMENT, "StreamID cannot be re-used and must increment");
            return;
        }
        lastStreamId = id;
        Request request;
        try {
            request = Request.parseFrom(frame.payload());
        } catch (InvalidProtocolBufferException e) {
            refuse(id, ApiException.Code.INVALID_ARGUMENT, "unmarshal request error: " + e.getMessage());
            return;
        }
        room.acquire();
        Thread call = Thread.ofVirtual()
                .name("ttrpc " + request.getService() + "/" + request.getMethod())
                .unstarted(() -> answer(id, request));
        open.put(id, call);
        call.start();
    }

    private void answer(int id, Request request) {
        try {
            Response response = respond(request);
            open.remove(id);
            write(id, response);
        } catch (IOException e) {
            log.atDebug().setCause(e).log("An answer found its ttrpc connection gone.");
        } finally {
            open.remove(id);
            room.release();
        }
    }

    private Response respond(Request request) {
        try {
            Message reply = request.getTimeoutNano() > 0
                    ? runUntil(Duration.ofNanos(request.getTimeoutNano()), request)
                    : run(request);
            return Response.newBuilder().setPayload(reply.toByteString()).build();
        } catch (TtrpcException e) {
            return status(e.code(), e);
        } catch (ApiException e) {
            return status(e.code(), e);
        } catch (InterruptedException e) {
            return status(ApiException.Code.CANCELLED, e);
        } catch (IOException | RuntimeException e) {
            log.atWarn()
                    .addKeyValue("method", request.getService() + "/" + request.getMethod())
                    .setCause(e)
                    .log("A ttrpc call failed.");
            return status(ApiException.Code.UNKNOWN, e);
        }
    }

    private Message run(Request request) throws IOException, InterruptedException {
        TtrpcService service = services.get(request.getService());
        if (service == null) {
            throw new TtrpcException(ApiException.Code.UNIMPLEMENTED, "service " + request.getService());
        }
        Map<String, List<String>> values = new HashMap<>();
        for (KeyValue pair : request.getMetadataList()) {
            values.computeIfAbsent(pair.getKey(), _ -> new ArrayList<>()).add(pair.getValue());
        }
        return service.run(request.getMethod(), new TtrpcService.Metadata(values), request.getPayload());
    }

    /// Runs the handler beside this thread, so that the caller has its answer at the deadline whatever the handler
    /// does.
    private Message runUntil(Duration timeout, Request request) throws IOException, InterruptedException {
        FutureTask<Message> task = new FutureTask<>(() -> run(request));
        Thread.startVirtualThread(task);
        try {
            return task.get(timeout.toNanos(), TimeUnit.NANOSECONDS);
        } catch (TimeoutException e) {
            throw new TtrpcException(ApiException.Code.DEADLINE_EXCEEDED, "context deadline exceeded");
        } catch (ExecutionException e) {
            switch (e.getCause()) {
                case IOException cause -> throw cause;
                case RuntimeException cause -> throw cause;
                case InterruptedException cause -> throw cause;
                case null, default -> throw new IOException(e.getCause());
            }
        } finally {
            task.cancel(true);
        }
    }

    private static Response status(ApiException.Code code, Exception failure) {
        String text = Objects.requireNonNullElse(
                failure.getMessage(), failure.getClass().getSimpleName());
        return status(code, text);
    }

    private static Response status(ApiException.Code code, String text) {
        return Response.newBuilder()
                .setStatus(Status.newBuilder().setCode(StatusCodes.number(code)).setMessage(text))
                .build();
    }

    private void refuse(int id, ApiException.Code code, String text) throws IOException {
        write(id, status(code, text));
    }

    private void write(int id, Response response) throws IOException {
        ByteString bytes = response.toByteString();
        if (bytes.size() > Frame.PAYLOAD_BYTES_MAX) {
            bytes = status(ApiException.Code.RESOURCE_EXHAUSTED, Frame.tooLong(bytes.size()))
                    .toByteString();
        }
        writing.lock();
        try {
            frames.write(new Frame(id, Frame.RESPONSE, 0, bytes));
        } finally {
            writing.unlock();
        }
    }
}
