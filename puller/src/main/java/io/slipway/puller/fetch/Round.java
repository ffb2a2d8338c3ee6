package io.slipway.puller.fetch;

import io.slipway.cas.ByteRange;
import io.slipway.cas.Landing;
import io.slipway.puller.BlobSource;
import io.slipway.puller.PullerObserver;
import io.slipway.puller.RegistryException;
import io.slipway.puller.RegistryException.Code;
import io.slipway.puller.fetch.RangePlan.Piece;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/// One attempt to land everything that is missing from one source.
///
/// The thread that runs the round leads: it opens the first piece. When the answer shows that the source honours
/// ranges, helpers join, one connection each. A source that ignores ranges is read in one stream by one worker.
/// Failures that may pass put the piece back; [#FRUITLESS_MAX] of them without a byte in between, or any other failure,
/// end the round for all its workers. No worker outlives [#run].
final class Round {
    /// Failures in a row, without progress between them, after which a source is given up.
    static final int FRUITLESS_MAX = 3;
    /// Less than this between two failures is no progress: a server that trickles must not hold a fetch forever.
    static final long PROGRESS_BYTES_MIN = 64 * 1024;

    private static final Duration FIRST_WAIT = Duration.ofMillis(100);
    private static final Duration IDLE_LOOK = Duration.ofMillis(20);

    private final BlobSource source;
    private final Landing landing;
    private final RangePlan plan;
    private final Tools tools;
    private final FetchStatus status;
    private final int helpersMax;
    private final boolean slotted;

    private final Thread leader = Thread.currentThread();
    private final AtomicReference<@Nullable Exception> failure = new AtomicReference<>();
    private final AtomicBoolean streaming = new AtomicBoolean();
    private final AtomicBoolean complete = new AtomicBoolean();
    /// A helper interrupted the leader because of a failure of its own.
    private volatile boolean wakened;
    /// Guarded by this object, as is the next.
    private int fruitless;

    private long missingBefore;
    /// Leader only.
    private final List<Thread> helpers = new ArrayList<>();

    /// What all rounds share.
    ///
    /// @param writers a bounded pool of platform threads, for the disk holds the thread that writes
    record Tools(Slots slots, ExecutorService writers, PullerObserver observer) {}

    /// To be run by the thread that makes it.
    ///
    /// @param connections workers at once
    /// @param slotted whether each needs one of the origin's places
    Round(
            BlobSource source,
            Landing landing,
            RangePlan plan,
            Tools tools,
            FetchStatus status,
            int connections,
            boolean slotted) {
        this.source = source;
        this.landing = landing;
        this.plan = plan;
        this.tools = tools;
        this.status = status;
        this.helpersMax = connections - 1;
        this.slotted = slotted;
        this.missingBefore = missingBytes();
    }

    private long missingBytes() {
        return landing.missing().stream().mapToLong(ByteRange::length).sum();
    }

    /// Returns when all that was missing has landed, as far as the source tells.
    ///
    /// @throws RegistryException when the source is of no (more) use
    /// @throws LandingWriter.NotWritten when the store refuses
    void run() throws IOException, InterruptedException {
        try {
            work(true);
        } finally {
            join();
        }
        if (wakened) {
            boolean _ = Thread.interrupted();
        }
        switch (failure.get()) {
            case null -> {}
            case IOException e -> throw e;
            case InterruptedException e -> throw e;
            case RuntimeException e -> throw e;
            case Exception e -> throw new IOException(e);
        }
    }

    /// The fetch must not return while a worker may still write.
    private void join() {
        if (failure.get() != null) {
            helpers.forEach(Thread::interrupt);
        }
        for (Thread helper : helpers) {
            while (helper.isAlive()) {
                try {
                    helper.join();
                } catch (InterruptedException e) {
                    fail(e);
                    helpers.forEach(Thread::interrupt);
                }
            }
        }
    }

    private void fail(Exception cause) {
        failure.compareAndSet(null, cause);
    }

    private boolean over() {
        return failure.get() != null || complete.get();
    }

    private void work(boolean leads) {
        try {
            for (Optional<Piece> next = nextPiece(leads); next.isPresent(); next = nextPiece(leads)) {
                attempt(next.get(), leads);
            }
        } catch (IOException | InterruptedException | RuntimeException e) {
            boolean first = failure.compareAndSet(null, e);
            if (first && !leads) {
                wakened = true;
                leader.interrupt();
            }
        }
    }

    /// The leader stays until all pieces are done; helpers leave when nothing is left to take or share.
    private Optional<Piece> nextPiece(boolean leads) throws InterruptedException {
        while (!over()) {
            long now = System.nanoTime();
            Optional<Piece> next = plan.take(landing.wanted(), now).or(() -> plan.share(now));
            if (next.isPresent()) {
                return next;
            }
            if (plan.taken() == 0 || !leads) {
                return Optional.empty();
            }
            Thread.sleep(IDLE_LOOK.toMillis());
        }
        return Optional.empty();
    }

    private void attempt(Piece piece, boolean leads) throws IOException, InterruptedException {
        Into into = new Into(piece, leads);
        Optional<RegistryException> passing = Optional.empty();
        try (Slots.Slot _ = slot(leads)) {
            BlobSource.Served served = source.read(landing.digest(), asked(piece), into);
            into.ended(served);
        } catch (LandingWriter.Enough _) {
            // Not a failure: another worker has the rest.
        } catch (RegistryException e) {
            if (e.code() != Code.UNREACHABLE && e.code() != Code.TIMEOUT) {
                throw e;
            }
            passing = Optional.of(e);
        } finally {
            putBack(into);
        }
        if (passing.isPresent()) {
            again(passing.get());
        }
    }

    /// A piece that is the whole blob is asked for without a range: every server can do that.
    private ByteRange asked(Piece piece) {
        boolean whole = piece.from() == 0 && piece.to() == landing.size().orElse(Long.MAX_VALUE);
        return new ByteRange(piece.from(), whole ? Long.MAX_VALUE : piece.to());
    }

    private void putBack(Into into) {
        plan.putBack(into.piece, System.nanoTime());
        if (into.streams) {
            plan.reset(complete.get() ? List.of() : landing.missing());
            streaming.set(false);
        }
    }

    private Slots.Slot slot(boolean leads) throws InterruptedException {
        if (!slotted) {
            return () -> {};
        }
        if (leads) {
            status.waiting("waiting for a connection to " + source.name());
        }
        Slots.Slot slot = tools.slots().acquire(source.name(), leads);
        if (leads) {
            status.waiting("waiting for " + source.name() + " to answer");
        }
        return slot;
    }

    /// Decides whether a failure that may pass is worth another attempt, and waits before it.
    private void again(RegistryException cause) throws RegistryException, InterruptedException {
        int count;
        synchronized (this) {
            long missing = missingBytes();
            fruitless = missingBefore - missing >= PROGRESS_BYTES_MIN ? 1 : fruitless + 1;
            missingBefore = missing;
            count = fruitless;
        }
        if (count >= FRUITLESS_MAX || over()) {
            throw cause;
        }
        tools.observer().rangeRetried(source.name());
        status.waiting(source.name() + (cause.code() == Code.TIMEOUT ? " stalled" : " broke off") + "; asking again");
        Thread.sleep(FIRST_WAIT.toMillis() << count);
    }

    private void callHelpers() {
        while (helpers.size() < helpersMax && !plan.exhausted()) {
            String name = "fetch " + landing.digest().hex().substring(0, 12);
            helpers.add(Thread.ofVirtual().name(name).start(() -> work(false)));
            if (helpers.size() >= plan.pieces()) {
                return;
            }
        }
    }

    /// Puts what one answer brings where it belongs.
    private final class Into implements BlobSource.Sink {
        private final boolean leads;
        private final LandingWriter writer = new LandingWriter(landing, tools.writers());
        private Piece piece;
        /// The source ignored the range and this worker reads the whole.
        private boolean streams;

        private boolean ranged;
        private long offset;

        Into(Piece piece, boolean leads) {
            this.piece = piece;
            this.leads = leads;
        }

        @Override
        public void begin(long from, boolean isRange, OptionalLong size) throws IOException {
            if (size.isPresent()) {
                checkSize(size.getAsLong());
                landing.size(size.getAsLong());
                plan.limit(size.getAsLong());
            }
            landing.source(source.name());
            status.moving();
            offset = from;
            ranged = isRange;
            boolean wanted = isRange
                    ? from == piece.from()
                    : piece.from() == 0 && piece.to() == landing.size().orElse(Long.MAX_VALUE);
            if (!wanted) {
                // One worker takes the whole stream, the others have nothing to do.
                if (!streaming.compareAndSet(false, true)) {
                    throw new LandingWriter.Enough();
                }
                streams = true;
                piece = plan.takeAll(piece);
            } else if (leads && isRange && helpers.isEmpty()) {
                callHelpers();
            }
        }

        private void checkSize(long said) throws RegistryException {
            OptionalLong known = landing.size();
            if (known.isPresent() && known.getAsLong() != said) {
                throw mismatch("has " + said + " bytes, expected are " + known.getAsLong());
            }
        }

        private RegistryException mismatch(String what) {
            return new RegistryException(
                    Code.DIGEST_MISMATCH, source.name(), landing.digest() + ": " + source.name() + " " + what);
        }

        @Override
        public void data(java.nio.ByteBuffer bytes) throws IOException, InterruptedException {
            if (!ranged && bytes.remaining() > landing.size().orElse(Long.MAX_VALUE) - offset) {
                throw mismatch("sends more than its " + landing.size().getAsLong() + " bytes");
            }
            long room = piece.to() - offset;
            if (room <= 0 || over()) {
                throw new LandingWriter.Enough();
            }
            if (bytes.remaining() > room) {
                bytes.limit(bytes.position() + (int) room);
            }
            int count = bytes.remaining();
            writer.write(offset, bytes);
            offset += count;
            piece.advanceTo(offset);
            status.moving();
        }

        /// The answer ended in order.
        void ended(BlobSource.Served served) throws RegistryException {
            OptionalLong size = landing.size();
            if (!served.ranged() && size.isPresent() && offset < size.getAsLong()) {
                throw mismatch("has only " + offset + " of " + size.getAsLong() + " bytes");
            }
            if (!served.ranged()) {
                complete.set(true);
            }
        }
    }
}
