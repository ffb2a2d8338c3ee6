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
    private final OverlayForm form;
    private final int realLength;
    private boolean origin;

    /// @param realLength bytes of the path without the symbolic links that `path` may go through
    OpenDir(PathBytes path, Dir dir, OverlayForm form, int realLength) {
        this.path = path;
        this.dir = dir;
        this.form = form;
        this.realLength = realLength;
    }

    /// Whether a directory of that name in this one can be named by its path in one call. Through symbolic links trees
    /// can be built that are deeper, which hardly any program that walks a tree survives.
    boolean roomFor(byte[] name) {
        return realLength + 1 + name.length <= TarLimits.PATH_BYTES_MAX;
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
