package io.slipway.snapshotter.layer;

import java.util.Arrays;

/// What a path says by its name alone (OCI image specification, layer.md "Whiteouts"; AUFS's own names
/// besides).
enum WhiteoutName {
    ORDINARY,
    /// `.wh.NAME` removes NAME of lower layers.
    WHITEOUT,
    /// `.wh..wh..opq` removes all children of lower layers.
    OPAQUE,
    /// Other `.wh..wh.` names are AUFS's bookkeeping, and whatever lies below them.
    AUFS,
    /// `.wh.`, `.wh..`, `.wh...`, or `.wh.NAME` as a directory of the path.
    MALFORMED;

    private static final byte[] PREFIX = {'.', 'w', 'h', '.'};
    private static final byte[] META = {'.', 'w', 'h', '.', '.', 'w', 'h', '.'};
    private static final byte[] OPAQUE_NAME = {'.', 'w', 'h', '.', '.', 'w', 'h', '.', '.', 'o', 'p', 'q'};

    static WhiteoutName of(PathBytes path) {
        byte[] bytes = path.bytes();
        int start = 0;
        for (int i = 0; i <= bytes.length; i++) {
            if (i < bytes.length && bytes[i] != '/') {
                continue;
            }
            if (starts(bytes, start, i, PREFIX)) {
                boolean last = i == bytes.length;
                if (starts(bytes, start, i, META)) {
                    boolean opaque = last && Arrays.equals(bytes, start, i, OPAQUE_NAME, 0, OPAQUE_NAME.length);
                    return opaque ? OPAQUE : AUFS;
                }
                return last && named(bytes, start + PREFIX.length, i) ? WHITEOUT : MALFORMED;
            }
            start = i + 1;
        }
        return ORDINARY;
    }

    /// The name that a whiteout removes.
    static byte[] removed(PathBytes whiteout) {
        byte[] base = whiteout.base();
        return Arrays.copyOfRange(base, PREFIX.length, base.length);
    }

    private static boolean starts(byte[] bytes, int from, int to, byte[] prefix) {
        return to - from >= prefix.length && Arrays.equals(bytes, from, from + prefix.length, prefix, 0, prefix.length);
    }

    private static boolean named(byte[] bytes, int from, int to) {
        boolean dots = to - from <= 2;
        for (int i = from; i < to && dots; i++) {
            dots = bytes[i] == '.';
        }
        return to > from && !dots;
    }
}
