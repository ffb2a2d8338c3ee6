package io.slipway.cas.file;

import io.slipway.cas.ByteRange;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// A set of byte positions as few ranges that do not touch. Not thread-safe.
final class RangeSet {

    private final TreeMap<Long, Long> ends = new TreeMap<>();
    private long total;

    void add(long from, long to) {
        if (from >= to) {
            return;
        }
        long start = from;
        long end = to;
        var before = ends.floorEntry(from);
        if (before != null && before.getValue() >= from) {
            start = before.getKey();
        }
        Map.Entry<Long, Long> next = ends.ceilingEntry(start);
        while (next != null && next.getKey() <= end) {
            end = Math.max(end, next.getValue());
            total -= next.getValue() - next.getKey();
            ends.remove(next.getKey());
            next = ends.ceilingEntry(start);
        }
        ends.put(start, end);
        total += end - start;
    }

    /// The end of what is there without a gap from `position` on; `position` itself when it is not there.
    long coveredTo(long position) {
        var range = ends.floorEntry(position);
        return range != null && range.getValue() > position ? range.getValue() : position;
    }

    /// What is not there of `[from, to)`, ascending.
    List<ByteRange> gaps(long from, long to) {
        var gaps = new ArrayList<ByteRange>();
        long at = from;
        for (var there : within(from, to)) {
            if (there.from() > at) {
                gaps.add(new ByteRange(at, there.from()));
            }
            at = there.to();
        }
        if (at < to) {
            gaps.add(new ByteRange(at, to));
        }
        return gaps;
    }

    /// What is there of `[from, to)`, ascending.
    List<ByteRange> within(long from, long to) {
        var found = new ArrayList<ByteRange>();
        var first = ends.floorKey(from);
        for (var range : ends.tailMap(first == null ? from : first, true).entrySet()) {
            if (range.getKey() >= to) {
                break;
            }
            long start = Math.max(from, range.getKey());
            long end = Math.min(to, range.getValue());
            if (start < end) {
                found.add(new ByteRange(start, end));
            }
        }
        return found;
    }

    List<ByteRange> ranges() {
        return ends.entrySet().stream()
                .map(range -> new ByteRange(range.getKey(), range.getValue()))
                .toList();
    }

    int count() {
        return ends.size();
    }

    /// One past the last position, 0 when empty.
    long end() {
        return ends.isEmpty() ? 0 : ends.lastEntry().getValue();
    }

    /// How many positions.
    long total() {
        return total;
    }
}
