package io.slipway.snapshotter.tree;

import java.io.ByteArrayOutputStream;

/// Paths below a top directory as bytes; the top itself is empty.
final class Paths {
    private Paths() {}

    static byte[] join(byte[] path, byte[] name) {
        ByteArrayOutputStream joined = new ByteArrayOutputStream(path.length + name.length + 1);
        joined.writeBytes(path);
        if (path.length > 0) {
            joined.write('/');
        }
        joined.writeBytes(name);
        return joined.toByteArray();
    }
}
