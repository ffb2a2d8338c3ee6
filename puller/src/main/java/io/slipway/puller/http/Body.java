package io.slipway.puller.http;

import io.netty.buffer.ByteBuf;
import io.slipway.puller.RegistryException;
import io.vertx.core.Context;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.internal.buffer.BufferInternal;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// A response body on its way from the event loop to one reader.
///
/// The event loop copies what arrives into the current block and hands full blocks over; it pauses the stream while
/// [#BLOCKS_PER_BODY_MAX] blocks are with the reader or the pool is empty, so what a slow disk can't take stays in the
/// transport's windows. A reader that waits gets a part-filled block after [#FLUSH]: a trickle is not held back.
/// A body that brings no byte for the stall limit, or less than [Pace#BYTES_PER_SECOND_MIN] over [#PACE_STALLS]
/// such limits, while we would take them, fails its reader with TIMEOUT.
public final class Body implements AutoCloseable {
    /// 2 MiB of one body in memory.
    static final int BLOCKS_PER_BODY_MAX = 4;
    /// How long bytes may lie in a part-filled block while the reader waits.
    static final Duration FLUSH = Duration.ofMillis(20);
    /// What counts as silence between two looks, which are that far apart when the reader waits and runs.
    private static final Duration LOOK_MAX = FLUSH.multipliedBy(2);
    /// Stall limits over which the rate is averaged: 60 s by default.
    static final int PACE_STALLS = 3;

    private sealed interface Signal {
        record Data(ByteBuf block) implements Signal {}

        record End() implements Signal {}

        record Failed(Throwable cause) implements Signal {}
    }

    private final HttpClientResponse response;
    private final Breakage breakage;
    private final Context context;
    private final BlockPool pool;
    private final String host;
    private final Duration stall;
    private final Runnable whenRoom;
    private final BlockingQueue<Signal> signals = new LinkedBlockingQueue<>();

    // Event loop only.
    private @Nullable ByteBuf current;
    private @Nullable Buffer leftover;
    private int leftoverFrom;
    private int held;
    private boolean paused = true;
    private boolean ended;
    private boolean closed;

    // Reader only.
    private @Nullable ByteBuf lent;
    private boolean finished;
    private boolean closedByReader;
    private final Silence silence;
    private final Pace pace;

    private volatile long lastByteAt = System.nanoTime();
    private volatile boolean partial;
    private volatile boolean takingBytes = true;

    /// Takes over a response that is paused and whose failure is kept in `breakage`.
    Body(HttpClientResponse response, Breakage breakage, Context context, BlockPool pool, String host, Duration stall) {
        this.response = response;
        this.breakage = breakage;
        this.context = context;
        this.pool = pool;
        this.host = host;
        this.stall = stall;
        this.whenRoom = () -> context.runOnContext(_ -> carryOn());
        this.silence = new Silence(stall, LOOK_MAX, lastByteAt);
        this.pace = new Pace(stall.multipliedBy(PACE_STALLS), LOOK_MAX);
        pool.openBody();
        context.runOnContext(_ -> start());
    }

    private void start() {
        response.endHandler(_ -> end(new Signal.End()));
        response.handler(this::chunk);
        paused = false;
        response.resume();
        // After what came before it.
        breakage.tell(cause -> end(new Signal.Failed(cause)));
    }

    private void chunk(Buffer chunk) {
        if (closed) {
            return;
        }
        lastByteAt = System.nanoTime();
        take(chunk, 0);
    }

    /// Copies from `from` on; what finds no room waits in `leftover` with the stream paused.
    private void take(Buffer chunk, int from) {
        ByteBuf source = ((BufferInternal) chunk).getByteBuf();
        int at = from;
        int length = chunk.length();
        while (at < length) {
            ByteBuf block = current;
            if (block == null) {
                block = held < BLOCKS_PER_BODY_MAX ? pool.tryTake(whenRoom) : null;
                if (block == null) {
                    leftover = chunk;
                    leftoverFrom = at;
                    pause();
                    return;
                }
                held++;
                current = block;
            }
            int count = Math.min(length - at, block.writableBytes());
            block.writeBytes(source, source.readerIndex() + at, count);
            at += count;
            if (block.writableBytes() == 0) {
                hand();
            }
        }
        partial = current != null;
    }

    private void hand() {
        ByteBuf block = current;
        if (block != null) {
            current = null;
            partial = false;
            signals.add(new Signal.Data(block));
        }
    }

    private void carryOn() {
        if (closed) {
            return;
        }
        Buffer rest = leftover;
        if (rest != null) {
            leftover = null;
            take(rest, leftoverFrom);
        }
        if (leftover == null) {
            resume();
            finish();
        }
    }

    private void pause() {
        takingBytes = false;
        if (!paused) {
            paused = true;
            response.pause();
        }
    }

    private void resume() {
        lastByteAt = System.nanoTime();
        takingBytes = true;
        if (paused && !ended) {
            paused = false;
            response.resume();
        }
    }

    private @Nullable Signal last;

    private void end(Signal how) {
        if (ended) {
            return;
        }
        ended = true;
        last = how;
        finish();
    }

    /// The end is told after the last byte, which may still wait for room.
    private void finish() {
        Signal how = last;
        if (how != null && leftover == null && !closed) {
            last = null;
            hand();
            signals.add(how);
        }
    }

    /// The next bytes, valid until the next call; empty at the end of the body.
    ///
    /// @throws RegistryException UNREACHABLE when the body broke off, TIMEOUT when it stalled
    public Optional<ByteBuffer> next() throws IOException, InterruptedException {
        giveBack();
        while (!finished) {
            boolean taking = takingBytes;
            long lookFrom = System.nanoTime();
            Signal signal = signals.poll(FLUSH.toMillis(), TimeUnit.MILLISECONDS);
            switch (signal) {
                case null -> {
                    if (partial) {
                        context.runOnContext(_ -> {
                            if (!closed) {
                                hand();
                            }
                        });
                    }
                    checkStall();
                    if (taking && takingBytes) {
                        checkPace(System.nanoTime() - lookFrom);
                    }
                }
                case Signal.Data(ByteBuf block) -> {
                    lent = block;
                    pace.brought(block.readableBytes());
                    return Optional.of(block.nioBuffer());
                }
                case Signal.End() -> finished = true;
                case Signal.Failed(Throwable cause) -> {
                    finished = true;
                    throw new RegistryException(
                            RegistryException.Code.UNREACHABLE,
                            host,
                            "the answer of " + host + " broke off (" + Failures.text(cause) + ")",
                            cause);
                }
            }
        }
        return Optional.empty();
    }

    private void checkStall() throws RegistryException {
        // Also looked at while we take none: that time is not the peer's either.
        long byteAt = takingBytes ? lastByteAt : System.nanoTime();
        if (silence.tooLong(System.nanoTime(), byteAt)) {
            throw new RegistryException(
                    RegistryException.Code.TIMEOUT,
                    host,
                    host + " sent nothing for " + stall.toMillis() + " ms in the middle of an answer");
        }
    }

    private void checkPace(long lookNanos) throws RegistryException {
        if (pace.tooSlow(lookNanos)) {
            throw new RegistryException(
                    RegistryException.Code.TIMEOUT,
                    host,
                    host + " sent less than " + Pace.BYTES_PER_SECOND_MIN
                            + " bytes a second in the middle of an answer");
        }
    }

    private void giveBack() {
        ByteBuf block = lent;
        if (block != null) {
            lent = null;
            pool.give(block);
            context.runOnContext(_ -> {
                held--;
                if (!takingBytes) {
                    carryOn();
                }
            });
        }
    }

    /// Gives everything back. A body that is not at its end is cut off: the stream is reset.
    @Override
    public void close() {
        if (closedByReader) {
            return;
        }
        closedByReader = true;
        giveBack();
        boolean complete = finished;
        context.runOnContext(_ -> {
            closed = true;
            leftover = null;
            pool.cancel(whenRoom);
            ByteBuf block = current;
            current = null;
            if (block != null) {
                pool.give(block);
            }
            for (Signal signal = signals.poll(); signal != null; signal = signals.poll()) {
                if (signal instanceof Signal.Data(ByteBuf queued)) {
                    pool.give(queued);
                }
            }
            if (!complete && !ended) {
                // CANCEL, RFC 9113 section 7; HTTP/1.1 closes the connection.
                response.request().reset(8);
            }
            pool.closeBody();
        });
    }
}
