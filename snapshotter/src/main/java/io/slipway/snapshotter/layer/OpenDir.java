package io.slipway.snapshotter.layer;

import io.slipway.linux.Dir;
import io.slipway.snapshotter.tar.TarLimits;
import java.io.IOException;
import java.nio.charset.StandardCharsets;

/// A directory of the layer held open, with what is known of its overlay attributes
/// (Documentation/filesystems/overlayfs.rst of the kernel).
final class OpenDir implements AutoCloseable {
    static final byte[] SELF = {'.'};
    static final byte[] OPAQUE = "trusted.overlay.opaque".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] ORIGIN = "trusted.overlay.origin".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] YES = {'y'};

    final PathBytes path;
    final Dir dir;
    final PathBytes real;
    private boolean origin;

    /// @param real the path without the symbolic links that `path` may go through
    OpenDir(PathBytes path, Dir dir, PathBytes real) {
        this.path = path;
        this.dir = dir;
        this.real = real;
    }

    /// Whether a directory of that name in this one can be named by its path in one call. Through symbolic links trees
    /// can be built that are deeper, which hardly any program that walks a tree survives.
    boolean roomFor(byte[] name) {
        return real.bytes().length + 1 + name.length <= TarLimits.PATH_BYTES_MAX;
    }

    /// A whiteout in a directory that merges with nothing shows in listings, unless the directory has an
    /// origin; an empty one says "unknown" and is enough.
    void hideWhiteouts() throws IOException {
        if (!origin) {
            dir.setXattr(SELF, ORIGIN, new byte[0]);
            origin = true;
        }
    }

    /// Hides all children of lower layers.
    void makeOpaque() throws IOException {
        dir.setXattr(SELF, OPAQUE, YES);
    }

    boolean opaque() throws IOException {
        return opaque(dir, SELF);
    }

    static boolean opaque(Dir dir, byte[] name) throws IOException {
        return dir.xattr(name, OPAQUE)
                .filter(value -> value.length == 1 && value[0] == 'y')
                .isPresent();
    }

    @Override
    public void close() {
        dir.close();
    }
}
