package io.slipway.mirror;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.slipway.cas.Arrival;
import io.slipway.cas.Blob;
import io.slipway.cas.Verdict;
import io.slipway.mirror.Answer.Body;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.internal.buffer.BufferInternal;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Sends an answer: what is in memory at once, files by sendfile where the transport can, everything else in chunks
/// whose memory is claimed before it is used and returned when the transport has passed them on ([InflightBudget]).
///
/// A body that cannot be completed is never ended: the exchange is cut.
final class AnswerWriter {

    private static final Logger LOG = LoggerFactory.getLogger(AnswerWriter.class);

    private final InflightBudget budget;
    private final MirrorLimits limits;
    private final ExecutorService disk;

    /// @param disk bounded platform threads for file reads, which would hold a carrier thread
    AnswerWriter(InflightBudget budget, MirrorLimits limits, ExecutorService disk) {
        this.budget = budget;
        this.limits = limits;
        this.disk = disk;
    }

    /// Event loop: sends an answer whose body is in memory.
    void sendNow(HttpServerResponse response, Exchange exchange, Answer answer, boolean head) {
        apply(response, answer);
        if (!exchange.takesFiles() && !head) {
            exchange.watch(limits.stall());
        }
        int length = !head && answer.body() instanceof Body.Bytes(var bytes) ? bytes.length() : 0;
        var sent = !head && answer.body() instanceof Body.Bytes(var bytes) ? response.end(bytes) : response.end();
        sent.onComplete(result -> {
            if (result.succeeded()) {
                exchange.moved(length);
            }
            exchange.end(answer.status(), answer.source(), result.succeeded());
        });
    }

    /// The request's virtual thread: sends the answer, ends the exchange and closes what the answer holds.
    void send(Exchange exchange, Answer answer, boolean head) throws InterruptedException {
        boolean complete = false;
        try (answer) {
            complete = switch (head ? new Body.None() : answer.body()) {
                case Body.None() -> sentWhole(exchange, answer, 0, HttpServerResponse::end);
                case Body.Bytes(var bytes) -> sentWhole(exchange, answer, bytes.length(), r -> r.end(bytes));
                case Body.OfBlob(Blob blob, long from, long to)
                when exchange.takesFiles() && to > from ->
                    sentWhole(exchange, answer, to - from, r -> r.sendFile(blob.channel(), from, to - from));
                case Body.OfBlob(Blob blob, long from, long to) ->
                    pumped(exchange, answer, from, to, to, new FileBytes(blob));
                case Body.OfArrival(Arrival arrival, long from, long to, long freeUntil) ->
                    pumped(exchange, answer, from, to, freeUntil, new ArrivingBytes(arrival));
            };
        } finally {
            exchange.end(answer.status(), answer.source(), complete);
        }
    }

    private boolean sentWhole(
            Exchange exchange,
            Answer answer,
            long bytes,
            java.util.function.Function<HttpServerResponse, io.vertx.core.Future<Void>> write)
            throws InterruptedException {
        if (!exchange.takesFiles()) {
            exchange.watch(limits.stall());
        }
        try {
            exchange.onLoop(response -> {
                        apply(response, answer);
                        return write.apply(response);
                    })
                    .get();
            exchange.moved(bytes);
            return true;
        } catch (ExecutionException e) {
            // The client hung up; parallel range readers do that all the time.
            LOG.debug("an answer was not taken: {}", String.valueOf(e.getCause()));
            return false;
        }
    }

    private static void apply(HttpServerResponse response, Answer answer) {
        response.setStatusCode(answer.status());
        response.headers().setAll(answer.headers());
    }

    /// Where chunks come from. `fill` puts at least one byte into the buffer.
    private interface Bytes {
        void fill(long position, ByteBuffer into) throws IOException, InterruptedException;

        /// Waits until the bytes are known to be the right ones.
        void verify() throws IOException, InterruptedException;
    }

    private boolean pumped(Exchange exchange, Answer answer, long from, long to, long freeUntil, Bytes source)
            throws InterruptedException {
        InflightBudget.Stream stream = budget.open();
        exchange.onGone(stream::abandon);
        exchange.watch(limits.stall());
        try {
            exchange.onLoop(response -> {
                        apply(response, answer);
                        return response.writeHead();
                    })
                    .get();
            if (!moveAll(exchange, stream, from, Math.min(freeUntil, to), source)) {
                return false;
            }
            if (freeUntil < to) {
                source.verify();
                if (!moveAll(exchange, stream, freeUntil, to, source)) {
                    return false;
                }
            }
            stream.awaitEmpty();
            exchange.onLoop(HttpServerResponse::end).get();
            return true;
        } catch (ExecutionException e) {
            LOG.debug("an answer was not taken: {}", String.valueOf(e.getCause()));
        } catch (IOException e) {
            LOG.atInfo().addKeyValue("error", e.getMessage()).log("a body is cut short because its bytes did not come");
        } finally {
            stream.abandon();
        }
        exchange.cut();
        return false;
    }

    private boolean moveAll(Exchange exchange, InflightBudget.Stream stream, long from, long to, Bytes source)
            throws IOException, InterruptedException {
        long position = from;
        while (position < to) {
            InflightBudget.Grant grant = stream.claim(to - position);
            if (grant.bytes() == 0) {
                return false;
            }
            position += move(exchange, stream, grant, position, source);
        }
        return true;
    }

    /// Reads what the grant allows and hands it to the transport; memory and grant come back when that has passed
    /// it on.
    private static int move(
            Exchange exchange, InflightBudget.Stream stream, InflightBudget.Grant grant, long position, Bytes source)
            throws IOException, InterruptedException {
        // Vert.x never releases a buffer it is given, so ours is ours until its write has completed.
        ByteBuf chunk = ByteBufAllocator.DEFAULT.directBuffer(grant.bytes(), grant.bytes());
        boolean handedOver = false;
        try {
            ByteBuffer into = chunk.nioBuffer(0, grant.bytes());
            source.fill(position, into);
            int bytes = into.position();
            chunk.writerIndex(bytes);
            exchange.onLoop(response -> response.write(BufferInternal.buffer(chunk)), failure -> {
                chunk.release();
                stream.release(grant);
                if (failure == null) {
                    exchange.moved(bytes);
                } else {
                    stream.abandon();
                }
            });
            handedOver = true;
            return bytes;
        } finally {
            if (!handedOver) {
                chunk.release();
                stream.release(grant);
            }
        }
    }

    private final class FileBytes implements Bytes {
        private final Blob blob;

        FileBytes(Blob blob) {
            this.blob = blob;
        }

        @Override
        public void fill(long position, ByteBuffer into) throws IOException, InterruptedException {
            // The read must be over before the buffer is given back, whatever happens to this thread.
            Future<Integer> read = disk.submit(() -> readFully(position, into));
            boolean interrupted = false;
            try {
                while (true) {
                    try {
                        read.get();
                        break;
                    } catch (InterruptedException e) {
                        interrupted = true;
                    } catch (ExecutionException e) {
                        throw e.getCause() instanceof IOException io ? io : new IOException(e.getCause());
                    }
                }
            } finally {
                if (interrupted) {
                    Thread.currentThread().interrupt();
                }
            }
        }

        private int readFully(long position, ByteBuffer into) throws IOException {
            while (into.hasRemaining()) {
                if (blob.read(position + into.position(), into) < 0) {
                    throw new EOFException(blob.digest() + " ends at " + (position + into.position()));
                }
            }
            return into.position();
        }

        @Override
        public void verify() {
            // A stored blob was verified before it could be opened.
        }
    }

    private record ArrivingBytes(Arrival arrival) implements Bytes {

        @Override
        public void fill(long position, ByteBuffer into) throws IOException, InterruptedException {
            long at = position;
            do {
                int read = arrival.read(at, into);
                if (read < 0) {
                    throw new EOFException(arrival.digest() + " ends at " + at);
                }
                at += read;
                // What is there already goes into the same chunk; nobody waits for more.
            } while (into.hasRemaining() && arrival.available(at) > 0);
        }

        @Override
        public void verify() throws IOException, InterruptedException {
            if (!(arrival.await() instanceof Verdict.Verified)) {
                arrival.awaitVerified();
            }
        }
    }
}
