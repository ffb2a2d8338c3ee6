package io.slipway.cas.file;

import io.slipway.cas.Arrival.Priority;
import io.slipway.cas.ArrivalFailedException;
import io.slipway.cas.ByteRange;
import io.slipway.cas.Landing;
import io.slipway.cas.SizeMismatchException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// Which bytes of one arrival are there, who writes which, and who waits for which. The meeting point
/// of the fetch's threads and the readers; the lock is never held during I/O.
///
/// A position is *missing*, then *taken* by exactly one writer, then *landed*; it never goes back, so
/// that what has been hashed is what readers and the final file see. *Sealed* means that no more writes
/// begin.
final class LandedBytes {

    /// Ranges that do not touch: a few per connection in practice.
    private static final int RANGES_MAX = 1 << 16;

    /// How many wishes are remembered; older, less urgent ones are forgotten first.
    private static final int WANTS_MAX = 64;

    /// How much a blocked reader is taken to want.
    private static final long READ_AHEAD_BYTES = 1 << 20;

    private record Want(ByteRange range, Priority priority) {}

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final RangeSet landed = new RangeSet();
    private final RangeSet taken = new RangeSet();
    private final List<Want> wants = new ArrayList<>();
    private final List<Long> blockedAt = new ArrayList<>();
    private OptionalLong size = OptionalLong.empty();
    private long resumed;
    private int writers;
    private boolean sealed;
    private @Nullable ArrivalFailedException failure;

    /// Ranges that an earlier fetch left.
    void resume(List<ByteRange> ranges) {
        locked(() -> {
            for (var range : ranges) {
                landed.add(range.from(), range.to());
                taken.add(range.from(), range.to());
            }
            resumed = landed.total();
            changed.signalAll();
            return true;
        });
    }

    OptionalLong size() {
        return locked(() -> size);
    }

    void size(long told) throws SizeMismatchException {
        lock.lock();
        try {
            requireOpen();
            if (told < 0 || told > Landing.MAX_SIZE_BYTES) {
                throw new SizeMismatchException("a size of " + told + " bytes is out of bounds");
            }
            if (size.isPresent() && size.getAsLong() != told) {
                throw new SizeMismatchException(
                        "the source has " + told + " bytes where " + size.getAsLong() + " are expected");
            }
            if (taken.end() > told) {
                throw new SizeMismatchException("the source has " + told + " bytes, but more have come already");
            }
            size = OptionalLong.of(told);
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /// Takes what is missing of `[from, to)`; the caller writes those ranges, tells [#landed] for each,
    /// and [#done] once.
    List<ByteRange> take(long from, long to) throws IOException {
        lock.lock();
        try {
            requireOpen();
            long end = size.orElse(Landing.MAX_SIZE_BYTES);
            if (from < 0 || to < from || to > end) {
                throw new SizeMismatchException("bytes up to " + to + " where " + end + " are expected");
            }
            if (taken.count() >= RANGES_MAX) {
                throw new IOException("more than " + RANGES_MAX + " separate ranges");
            }
            var mine = taken.gaps(from, to);
            taken.add(from, to);
            writers++;
            return mine;
        } finally {
            lock.unlock();
        }
    }

    /// Returns how far the bytes reach without a gap from the start.
    long landed(ByteRange range) {
        return locked(() -> {
            landed.add(range.from(), range.to());
            changed.signalAll();
            return landed.coveredTo(0);
        });
    }

    void done() {
        locked(() -> {
            writers--;
            changed.signalAll();
            return true;
        });
    }

    /// No write begins any more; waits for those that run.
    void seal() {
        lock.lock();
        try {
            sealed = true;
            while (writers > 0) {
                changed.awaitUninterruptibly();
            }
        } finally {
            lock.unlock();
        }
    }

    /// Readers get this from now on.
    void fail(ArrivalFailedException why) {
        locked(() -> {
            sealed = true;
            failure = why;
            changed.signalAll();
            return true;
        });
    }

    /// Some party has failed: who waits looks again.
    void wake() {
        locked(() -> {
            changed.signalAll();
            return true;
        });
    }

    /// Waits until the byte at `position` is there and returns where the bytes from there end; -1 at
    /// the end of the blob.
    long await(long position, Party reader) throws IOException, InterruptedException {
        lock.lockInterruptibly();
        Long waiting = position;
        boolean blocked = false;
        try {
            while (true) {
                var own = reader.failure();
                if (own != null) {
                    throw own.again();
                }
                if (failure != null) {
                    throw failure.again();
                }
                long end = landed.coveredTo(position);
                if (end > position) {
                    return end;
                }
                if (size.isPresent() && position >= size.getAsLong()) {
                    return -1;
                }
                if (!blocked) {
                    blockedAt.add(waiting);
                    blocked = true;
                }
                changed.await();
            }
        } finally {
            if (blocked) {
                blockedAt.remove(waiting);
            }
            lock.unlock();
        }
    }

    void want(ByteRange range, Priority priority) {
        locked(() -> {
            if (wants.size() >= WANTS_MAX) {
                wants.remove(wants.size() - 1);
            }
            wants.add(new Want(range, priority));
            wants.sort(Comparator.comparing(Want::priority).reversed());
            return true;
        });
    }

    /// What readers want next and is missing, before `limit`.
    Optional<ByteRange> wanted(long limit) {
        return locked(() -> {
            long end = Math.min(limit, size.orElse(Long.MAX_VALUE));
            for (long position : blockedAt) {
                var gaps = taken.gaps(position, Math.min(end, position + READ_AHEAD_BYTES));
                if (!gaps.isEmpty()) {
                    return Optional.of(gaps.getFirst());
                }
            }
            wants.removeIf(want -> taken.gaps(want.range.from(), Math.min(end, want.range.to()))
                    .isEmpty());
            return wants.stream()
                    .map(want -> taken.gaps(want.range.from(), Math.min(end, want.range.to()))
                            .getFirst())
                    .findFirst();
        });
    }

    /// What nobody has written or is writing, before `limit`.
    List<ByteRange> missing(long limit) {
        return locked(() -> taken.gaps(0, Math.min(limit, size.orElse(Long.MAX_VALUE))));
    }

    /// Everything is there; when nobody has told the size, then as much as is expected.
    boolean complete(OptionalLong expected) {
        return locked(() -> {
            var end = size.isPresent() ? size : expected;
            return end.isPresent() && landed.coveredTo(0) == end.getAsLong();
        });
    }

    /// The size when the source has ended: the known one, or what has come if it came without a gap and
    /// is not less than expected.
    long sizeAtEnd(OptionalLong expected) throws IOException {
        lock.lock();
        try {
            long prefix = landed.coveredTo(0);
            long end = size.orElse(Math.max(landed.end(), expected.orElse(0)));
            if (prefix != end) {
                throw new IOException("the source ended with " + landed.total() + " of " + end + " bytes");
            }
            size = OptionalLong.of(end);
            changed.signalAll();
            return end;
        } finally {
            lock.unlock();
        }
    }

    long prefix() {
        return locked(() -> landed.coveredTo(0));
    }

    long availableFrom(long position) {
        return locked(() -> landed.coveredTo(position) - position);
    }

    long total() {
        return locked(landed::total);
    }

    long resumed() {
        return locked(() -> resumed);
    }

    List<ByteRange> ranges() {
        return locked(landed::ranges);
    }

    private void requireOpen() {
        if (sealed) {
            throw new IllegalStateException("this fetch has ended");
        }
    }

    private interface Step<T> {
        T run();
    }

    private <T> T locked(Step<T> step) {
        lock.lock();
        try {
            return step.run();
        } finally {
            lock.unlock();
        }
    }
}
