package io.slipway.snapshotter.tar;

import java.util.Arrays;

/// Where the data of a sparse file lies: pairs of offset and length, ascending, not overlapping, within the
/// real size.
final class SparseMap {
    private long[] pairs = new long[16];
    private int used;

    void add(long offset, long length) {
        if (used == pairs.length) {
            pairs = Arrays.copyOf(pairs, used * 2);
        }
        pairs[used++] = offset;
        pairs[used++] = length;
    }

    int regions() {
        return used / 2;
    }

    long offset(int region) {
        return pairs[2 * region];
    }

    long length(int region) {
        return pairs[2 * region + 1];
    }

    /// Bytes that the stream carries for this map, -1 when the map is not legal for a file of `realSize` bytes.
    long dataBytes(long realSize) {
        long end = 0;
        long sum = 0;
        for (int i = 0; i < regions(); i++) {
            long offset = offset(i);
            long length = length(i);
            if (offset < end || length < 0 || offset > Long.MAX_VALUE - length || offset + length > realSize) {
                return -1;
            }
            end = offset + length;
            sum += length;
        }
        return sum;
    }
}
