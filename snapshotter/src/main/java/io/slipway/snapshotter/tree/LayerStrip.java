package io.slipway.snapshotter.tree;

import io.slipway.linux.Attributes;
import io.slipway.linux.Dir;
import io.slipway.linux.FileType;
import io.slipway.snapshotter.layer.OverlayForm;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;

/// Makes a plain tree of an applied layer that has nothing below it: whiteouts and what steers an overlay go, times
/// of directories stay.
final class LayerStrip {
    private static final byte[] SELF = {'.'};

    private final Dir top;
    private final OverlayForm form;
    private final Deque<byte[]> todo = new ArrayDeque<>();

    private LayerStrip(Dir top, OverlayForm form) {
        this.top = top;
        this.form = form;
    }

    static void run(Dir layer, OverlayForm form) throws IOException {
        LayerStrip strip = new LayerStrip(layer, form);
        strip.todo.push(new byte[0]);
        while (!strip.todo.isEmpty()) {
            strip.directory(strip.todo.pop());
        }
    }

    private void directory(byte[] path) throws IOException {
        try (Dir dir = top.openDir(path)) {
            Attributes before = dir.stat(SELF);
            boolean[] changed = {false};
            dir.forEach(entry -> {
                FileType type = entry.type() == FileType.UNKNOWN
                        ? dir.stat(entry.name()).type()
                        : entry.type();
                if (type == FileType.DIRECTORY) {
                    todo.push(Paths.join(path, entry.name()));
                } else if (type == FileType.CHARACTER_DEVICE && OverlayForm.isWhiteout(dir.stat(entry.name()))) {
                    dir.unlink(entry.name());
                    changed[0] = true;
                }
            });
            for (byte[] xattr : dir.xattrs(SELF)) {
                if (form.isOwnXattr(xattr)) {
                    dir.removeXattr(SELF, xattr);
                }
            }
            if (changed[0]) {
                dir.utimens(SELF, before.accessed(), before.modified());
            }
        }
    }
}
