package io.slipway.snapshotter.layer;

import io.slipway.snapshotter.tar.TarEntry;
import java.util.Arrays;

/// A path below the root of a layer as bytes: no leading or trailing slash, no empty, `.` or `..` component;
/// the root is empty. A value: equal when the bytes are.
public final class PathBytes {
    /// The top directory itself.
    public static final PathBytes ROOT = new PathBytes(new byte[0]);

    private final byte[] bytes;
    private final int hash;

    private PathBytes(byte[] bytes) {
        this.bytes = bytes;
        this.hash = Arrays.hashCode(bytes);
    }

    /// Cleans lexically, as Go's filepath.Clean does with the root in front: `..` never leads above it.
    public static PathBytes clean(byte[] name) {
        byte[] out = new byte[name.length];
        int length = 0;
        int at = 0;
        while (at < name.length) {
            int end = at;
            while (end < name.length && name[end] != '/') {
                end++;
            }
            int n = end - at;
            if (n == 2 && name[at] == '.' && name[at + 1] == '.') {
                length = lastSlash(out, length);
            } else if (n > 0 && !(n == 1 && name[at] == '.')) {
                if (length > 0) {
                    out[length++] = '/';
                }
                System.arraycopy(name, at, out, length, n);
                length += n;
            }
            at = end + 1;
        }
        return length == name.length ? new PathBytes(out) : new PathBytes(Arrays.copyOf(out, length));
    }

    private static int lastSlash(byte[] out, int length) {
        for (int i = length - 1; i >= 0; i--) {
            if (out[i] == '/') {
                return i;
            }
        }
        return 0;
    }

    public boolean isRoot() {
        return bytes.length == 0;
    }

    /// The array is this path's own, don't write to it.
    public byte[] bytes() {
        return bytes;
    }

    private int cut() {
        return lastSlash(bytes, bytes.length);
    }

    /// Of the root: the root.
    public PathBytes parent() {
        return new PathBytes(Arrays.copyOf(bytes, cut()));
    }

    /// Whether [#parent] equals `other`, without making it.
    boolean parentIs(PathBytes other) {
        int cut = cut();
        return cut == other.bytes.length && Arrays.equals(bytes, 0, cut, other.bytes, 0, cut);
    }

    /// The last component; of the root: `.`, by which a directory names itself.
    public byte[] base() {
        if (bytes.length == 0) {
            return new byte[] {'.'};
        }
        int cut = cut();
        return cut == 0 ? bytes : Arrays.copyOfRange(bytes, cut + 1, bytes.length);
    }

    public PathBytes child(byte[] name) {
        if (bytes.length == 0) {
            return new PathBytes(name.clone());
        }
        byte[] joined = Arrays.copyOf(bytes, bytes.length + 1 + name.length);
        joined[bytes.length] = '/';
        System.arraycopy(name, 0, joined, bytes.length + 1, name.length);
        return new PathBytes(joined);
    }

    /// Whether this path is `other` or lies below it.
    boolean within(PathBytes other) {
        int n = other.bytes.length;
        return n == 0
                || (bytes.length >= n
                        && Arrays.equals(bytes, 0, n, other.bytes, 0, n)
                        && (bytes.length == n || bytes[n] == '/'));
    }

    /// Its components, first to last.
    public java.util.List<byte[]> components() {
        java.util.List<byte[]> parts = new java.util.ArrayList<>();
        int start = 0;
        for (int i = 0; i <= bytes.length; i++) {
            if (i == bytes.length || bytes[i] == '/') {
                if (i > start) {
                    parts.add(Arrays.copyOfRange(bytes, start, i));
                }
                start = i + 1;
            }
        }
        return parts;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof PathBytes path && hash == path.hash && Arrays.equals(bytes, path.bytes);
    }

    @Override
    public int hashCode() {
        return hash;
    }

    /// For messages only.
    @Override
    public String toString() {
        return "/" + TarEntry.text(bytes);
    }
}
