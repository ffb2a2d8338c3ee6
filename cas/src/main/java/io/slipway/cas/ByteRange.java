package io.slipway.cas;

/// The bytes `[from, to)` of a blob; empty when both are equal.
public record ByteRange(long from, long to) {

    public ByteRange {
        if (from < 0 || to < from) {
            throw new IllegalArgumentException("no byte range: [" + from + ", " + to + ")");
        }
    }

    public long length() {
        return to - from;
    }

    public boolean isEmpty() {
        return to == from;
    }

    @Override
    public String toString() {
        return "[" + from + ", " + to + ")";
    }
}
