package io.slipway.puller.fetch;

import io.slipway.cas.ByteRange;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.locks.ReentrantLock;

/// What of a blob is still to be asked for, and who is on what. Pieces are taken from the front unless a reader wants
/// another place; one that was not finished comes back; a crawling one shares its rest. Thread-safe.
final class RangePlan {
    /// A rest smaller than this is not worth another request.
    static final long SHARE_BYTES_MIN = 2L << 20;
    /// A piece is crawling when the others are this much faster.
    private static final double CRAWLING_FACTOR = 4;

    private static final long CRAWLING_AGE_NANOS = 1_000_000_000L;

    private final ReentrantLock lock = new ReentrantLock();
    private final long pieceBytes;
    /// Guarded by lock: ascending, not overlapping.
    private final List<ByteRange> open = new ArrayList<>();

    private final List<Piece> taken = new ArrayList<>();
    private long finishedBytes;
    private long finishedNanos;

    RangePlan(List<ByteRange> missing, long pieceBytes) {
        this.pieceBytes = pieceBytes;
        this.open.addAll(missing);
    }

    /// One worker's piece. `to` may move towards `at` when another worker takes over its rest.
    static final class Piece {
        private final long from;
        private final long since;
        private volatile long at;
        private volatile long to;

        Piece(long from, long to, long since) {
            this.from = from;
            this.at = from;
            this.to = to;
            this.since = since;
        }

        long from() {
            return from;
        }

        /// The next byte this piece needs.
        long at() {
            return at;
        }

        long to() {
            return to;
        }

        /// Called by the one worker that holds it.
        void advanceTo(long offset) {
            at = offset;
        }

        ByteRange rest() {
            return new ByteRange(at, Math.max(at, to));
        }

        boolean done() {
            return at >= to;
        }
    }

    /// The next piece, at most one piece long; at `wanted` where that is open, else the first.
    Optional<Piece> take(Optional<ByteRange> wanted, long now) {
        lock.lock();
        try {
            if (open.isEmpty()) {
                return Optional.empty();
            }
            int index = 0;
            long from = open.getFirst().from();
            if (wanted.isPresent()) {
                for (int i = 0; i < open.size(); i++) {
                    ByteRange range = open.get(i);
                    if (range.to() > wanted.get().from()
                            && range.from() < wanted.get().to()) {
                        index = i;
                        from = Math.max(range.from(), wanted.get().from());
                        break;
                    }
                }
            }
            ByteRange range = open.remove(index);
            long to = range.to() - from <= pieceBytes ? range.to() : from + pieceBytes;
            if (to < range.to()) {
                open.add(index, new ByteRange(to, range.to()));
            }
            if (from > range.from()) {
                open.add(index, new ByteRange(range.from(), from));
            }
            Piece piece = new Piece(from, to, now);
            taken.add(piece);
            return Optional.of(piece);
        } finally {
            lock.unlock();
        }
    }

    /// Takes over half of what the slowest worker still has to do, when it is far behind the others.
    Optional<Piece> share(long now) {
        lock.lock();
        try {
            Optional<Piece> slowest = taken.stream()
                    .filter(piece -> piece.to() - piece.at() >= SHARE_BYTES_MIN && piece.to() != Long.MAX_VALUE)
                    .filter(piece -> now - piece.since > CRAWLING_AGE_NANOS && crawls(piece, now))
                    .max((a, b) -> Double.compare(remaining(a, now), remaining(b, now)));
            if (slowest.isEmpty()) {
                return Optional.empty();
            }
            Piece slow = slowest.get();
            long to = slow.to;
            long middle = slow.at() + (to - slow.at()) / 2;
            slow.to = middle;
            Piece piece = new Piece(middle, to, now);
            taken.add(piece);
            return Optional.of(piece);
        } finally {
            lock.unlock();
        }
    }

    private boolean crawls(Piece piece, long now) {
        OptionalLong usual = finishedNanos == 0
                ? OptionalLong.empty()
                : OptionalLong.of((long) (finishedBytes * 1e9 / finishedNanos));
        return usual.isPresent() && rate(piece, now) * CRAWLING_FACTOR < usual.getAsLong();
    }

    private static double rate(Piece piece, long now) {
        return (piece.at() - piece.from()) * 1e9 / Math.max(1, now - piece.since);
    }

    private static double remaining(Piece piece, long now) {
        return (piece.to() - piece.at()) / Math.max(1, rate(piece, now));
    }

    /// The worker is off this piece; what it did not do is open again.
    ///
    /// @return whether the piece was finished
    boolean putBack(Piece piece, long now) {
        lock.lock();
        try {
            taken.remove(piece);
            finishedBytes += piece.at() - piece.from();
            finishedNanos += Math.max(1, now - piece.since);
            if (piece.done()) {
                return true;
            }
            ByteRange rest = piece.rest();
            int index = 0;
            while (index < open.size() && open.get(index).from() < rest.from()) {
                index++;
            }
            open.add(index, rest);
            return false;
        } finally {
            lock.unlock();
        }
    }

    /// One worker reads everything that is still open, in one stream.
    Piece takeAll(Piece piece) {
        lock.lock();
        try {
            taken.remove(piece);
            open.clear();
            Piece all = new Piece(0, Long.MAX_VALUE, piece.since);
            taken.add(all);
            return all;
        } finally {
            lock.unlock();
        }
    }

    /// The size has become known: nothing behind it is asked for.
    void limit(long size) {
        lock.lock();
        try {
            open.removeIf(range -> range.from() >= size);
            open.replaceAll(range -> range.to() > size ? new ByteRange(range.from(), size) : range);
            for (Piece piece : taken) {
                if (piece.to > size) {
                    piece.to = size;
                }
            }
        } finally {
            lock.unlock();
        }
    }

    /// Starts again from what is missing now.
    void reset(List<ByteRange> missing) {
        lock.lock();
        try {
            open.clear();
            open.addAll(missing);
        } finally {
            lock.unlock();
        }
    }

    /// Whether nothing is open.
    boolean exhausted() {
        lock.lock();
        try {
            return open.isEmpty();
        } finally {
            lock.unlock();
        }
    }

    /// How many more pieces can be taken.
    long pieces() {
        lock.lock();
        try {
            return open.stream()
                    .mapToLong(range -> Math.ceilDiv(range.length(), pieceBytes))
                    .sum();
        } finally {
            lock.unlock();
        }
    }

    /// Pieces that workers are on.
    int taken() {
        lock.lock();
        try {
            return taken.size();
        } finally {
            lock.unlock();
        }
    }
}
