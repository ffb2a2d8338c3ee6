package io.slipway.snapshotter.layer;

import io.slipway.linux.ChildResult;
import io.slipway.linux.Exit;
import io.slipway.linux.Filter;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/// What a stream processor makes of a layer's bytes.
///
/// A thread of its own feeds the processor: whoever reads what it makes may not wait for it to read. When the bytes
/// that come fail, the processor is killed and the reader gets that failure. When the processor fails, or moves
/// nothing for the stall limit though there is something to move, the reader gets a [ProcessorException]. One that ends
/// well without having read everything has found its end.
final class ProcessedBytes implements LayerBytes {
    /// A killed process is gone long before, unless the kernel holds it.
    private static final Duration KILL_WAIT = Duration.ofSeconds(5);

    private final StreamProcessor processor;
    private final Filter filter;
    private final LayerBytes from;
    private final Buffers buffers;
    private final Duration stall;
    private final Thread feeder;

    /// The feeder waits for bytes, so the processor may rest.
    private volatile boolean starved;

    /// When something last moved.
    private volatile long movedNanos = System.nanoTime();

    private volatile @Nullable Throwable feedFailure;

    /// Takes the filter and `from` over, and begins to feed.
    ProcessedBytes(StreamProcessor processor, Filter filter, LayerBytes from, Buffers buffers, Duration stall) {
        this.processor = processor;
        this.filter = filter;
        this.from = from;
        this.buffers = buffers;
        this.stall = stall;
        this.feeder =
                Thread.ofPlatform().daemon().name("stream-" + processor.id()).unstarted(this::feed);
        feeder.start();
    }

    private void feed() {
        ByteBuffer buffer = buffers.take();
        try {
            boolean more = true;
            while (more) {
                more = fill(buffer.clear()) && drain(buffer);
            }
            filter.endInput();
        } catch (IOException | InterruptedException | RuntimeException | Error e) {
            feedFailure = e;
            filter.kill();
        } finally {
            buffers.give(buffer);
        }
    }

    private boolean fill(ByteBuffer buffer) throws IOException, InterruptedException {
        starved = true;
        try {
            return from.read(buffer) >= 0;
        } finally {
            buffer.flip();
            movedNanos = System.nanoTime();
            starved = false;
        }
    }

    /// Returns false when the processor reads no more.
    private boolean drain(ByteBuffer buffer) throws IOException, InterruptedException {
        while (buffer.hasRemaining()) {
            if (filter.write(buffer) < 0) {
                return false;
            }
            movedNanos = System.nanoTime();
        }
        return true;
    }

    @Override
    public int read(ByteBuffer into) throws IOException, InterruptedException {
        while (true) {
            int n = filter.read(into, stall);
            if (n > 0) {
                movedNanos = System.nanoTime();
                return n;
            }
            if (n < 0) {
                requireGoodEnd();
                return -1;
            }
            if (!starved && System.nanoTime() - movedNanos >= stall.toNanos()) {
                throw failure("has moved nothing for " + stall.toSeconds() + " s");
            }
        }
    }

    private void requireGoodEnd() throws IOException, InterruptedException {
        ChildResult result;
        try {
            result = filter.result().get(stall.toNanos(), TimeUnit.NANOSECONDS);
        } catch (TimeoutException e) {
            throw failure("has closed its output and not ended for " + stall.toSeconds() + " s");
        } catch (ExecutionException e) {
            throw new IllegalStateException(e);
        }
        switch (feedFailure) {
            case null -> {}
            case IOException e -> throw e;
            case RuntimeException e -> throw e;
            case Error e -> throw e;
            case InterruptedException e -> throw e;
            default -> throw new IllegalStateException(feedFailure);
        }
        if (!result.exit().success()) {
            throw failure(ended(result));
        }
    }

    private static String ended(ChildResult result) {
        String how = switch (result.exit()) {
            case Exit.Exited(int code) -> "exited with " + code;
            case Exit.Signalled(int signal) -> "was ended by signal " + signal;
        };
        String said = result.errorText().strip();
        return said.isEmpty() ? how : how + ": " + (result.truncated() ? "..." : "") + said;
    }

    private ProcessorException failure(String what) {
        return new ProcessorException("stream processor \"" + processor.id() + "\" (" + processor.path() + ") " + what);
    }

    /// Whether the processor has made something can't be told without waiting for it.
    @Override
    public boolean isHere() {
        return false;
    }

    @Override
    public long left() {
        return from.left();
    }

    /// Kills the processor unless it has ended, and waits until it and the feeder are gone.
    @Override
    public void close() {
        filter.kill();
        feeder.interrupt();
        boolean interrupted = Thread.interrupted();
        try {
            while (feeder.isAlive()) {
                try {
                    feeder.join();
                } catch (InterruptedException _) {
                    interrupted = true;
                }
            }
            ChildResult _ = filter.result()
                    .copy()
                    .orTimeout(KILL_WAIT.toNanos(), TimeUnit.NANOSECONDS)
                    .exceptionally(_ -> null)
                    .join();
        } finally {
            filter.close();
            from.close();
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
