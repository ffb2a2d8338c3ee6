package io.slipway.puller.grpc;

import com.google.protobuf.Any;
import io.slipway.cas.ApiException;
import io.slipway.cas.grpc.Out;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;

/// The named streams that are open, per namespace. Thread-safe.
public final class Streams {
    /// Streams open at once.
    static final int STREAMS_MAX = 4096;
    /// Messages of one stream that wait to be read; the sender waits beyond.
    static final int MESSAGES_MAX = 16;
    /// Longest name.
    static final int NAME_CHARS_MAX = 1024;

    private record Name(String namespace, String id) {}

    private final ReentrantLock lock = new ReentrantLock();
    /// Guarded by lock.
    private final Map<Name, Stream> open = new HashMap<>();

    /// One stream: what the client sends is received here, what is sent here goes to the client. One receiver at a
    /// time; senders take turns.
    static final class Stream {
        private final Out<Any> out;
        private final Thread handler;
        private final BlockingQueue<Optional<Any>> received = new ArrayBlockingQueue<>(MESSAGES_MAX);
        private final ReentrantLock sending = new ReentrantLock();
        private volatile boolean closed;

        Stream(Out<Any> out, Thread handler) {
            this.out = out;
            this.handler = handler;
        }

        /// Sends to the client and waits until the transport took it; false when the stream is over.
        boolean send(Any message) throws InterruptedException {
            sending.lock();
            try {
                if (closed) {
                    return false;
                }
                out.write(message);
                return true;
            } catch (InterruptedException e) {
                if (Thread.currentThread().isInterrupted() || !closedByClient(e)) {
                    throw e;
                }
                return false;
            } finally {
                sending.unlock();
            }
        }

        /// A write fails with an interruption that has a cause when it is the client that is gone.
        private static boolean closedByClient(InterruptedException e) {
            return e.getCause() != null;
        }

        /// The client's next message; empty when the stream is over or the time is.
        Optional<Any> receive(long seconds) throws InterruptedException {
            if (closed && received.isEmpty()) {
                // The end itself may have found no room.
                return Optional.empty();
            }
            Optional<Any> next = received.poll(seconds, TimeUnit.SECONDS);
            return next == null ? Optional.empty() : next;
        }

        /// A message came in; waits for room.
        void deliver(Any message) throws InterruptedException {
            received.put(Optional.of(message));
        }

        boolean isClosed() {
            return closed;
        }

        /// Ends it from this side.
        void close() {
            sending.lock();
            try {
                if (!closed) {
                    closed = true;
                    handler.interrupt();
                }
            } finally {
                sending.unlock();
            }
        }

        /// The client ended it.
        void ended() {
            closed = true;
            boolean _ = received.offer(Optional.empty());
        }
    }

    /// Gives a stream its name.
    ///
    /// @throws ApiException ALREADY_EXISTS, RESOURCE_EXHAUSTED
    Stream register(String namespace, String id, Out<Any> out) {
        lock.lock();
        try {
            if (open.size() >= STREAMS_MAX) {
                throw new ApiException(
                        ApiException.Code.RESOURCE_EXHAUSTED, "more than " + STREAMS_MAX + " streams are open");
            }
            Stream stream = new Stream(out, Thread.currentThread());
            if (open.putIfAbsent(new Name(namespace, id), stream) != null) {
                throw new ApiException(ApiException.Code.ALREADY_EXISTS, "stream \"" + id + "\": already exists");
            }
            return stream;
        } finally {
            lock.unlock();
        }
    }

    void remove(String namespace, String id) {
        lock.lock();
        try {
            open.remove(new Name(namespace, id));
        } finally {
            lock.unlock();
        }
    }

    /// The stream of this name.
    ///
    /// @throws ApiException NOT_FOUND
    Stream get(String namespace, String id) {
        lock.lock();
        try {
            Stream stream = open.get(new Name(namespace, id));
            if (stream == null) {
                throw new ApiException(ApiException.Code.NOT_FOUND, "stream \"" + id + "\": not found");
            }
            return stream;
        } finally {
            lock.unlock();
        }
    }
}
