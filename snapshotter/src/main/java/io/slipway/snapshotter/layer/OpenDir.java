package io.slipway.snapshotter.layer;

import io.slipway.linux.Dir;
import io.slipway.snapshotter.tar.TarLimits;
import java.io.IOException;

/// A directory of the layer held open, with what is known of its overlay attributes
/// (Documentation/filesystems/overlayfs.rst of the kernel).
final class OpenDir implements AutoCloseable {
    static final byte[] SELF = {'.'};

    final PathBytes path;
    final Dir dir;
    final PathBytes real;
    private final OverlayForm form;
    private boolean origin;

    /// @param real the path without the symbolic links that `path` may go through
    OpenDir(PathBytes path, Dir dir, OverlayForm form, PathBytes real) {
        this.path = path;
        this.dir = dir;
        this.form = form;
        this.real = real;
    }

    /// Whether a directory of that name in this one can be named by its path in one call. Through symbolic links trees
    /// can be built that are deeper, which hardly any program that walks a tree survives.
    boolean roomFor(byte[] name) {
        return real.bytes().length + 1 + name.length <= TarLimits.PATH_BYTES_MAX;
    }

    /// See [OverlayForm#hideWhiteouts].
    void hideWhiteouts() throws IOException {
        if (!origin) {
            form.hideWhiteouts(dir);
            origin = true;
        }
    }

    /// Hides all children of lower layers.
    void makeOpaque() throws IOException {
        form.makeOpaque(dir, SELF);
    }

    boolean opaque() throws IOException {
        return form.isOpaque(dir, SELF);
    }

    @Override
    public void close() {
        dir.close();
    }
}
