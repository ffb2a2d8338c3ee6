package io.slipway.snapshotter.layer;

import io.slipway.linux.Errno;
import io.slipway.linux.LinuxException;
import io.slipway.snapshotter.tar.TarEntry;
import java.io.IOException;

/// Tells what the entry is to blame for from what the disk is.
final class EntryFailure {
    private EntryFailure() {}

    /// A layer's fault, or the disk's, and the entry it came upon.
    static IOException of(TarEntry entry, LinuxException e) {
        if (e.errno() == Errno.EINVAL && e.call().startsWith("fchown")) {
            return new LayerFormatException(
                    "entry " + entry + ": its owner " + entry.uid() + ":" + entry.gid()
                            + " is none that this process can name (/proc/self/uid_map, /proc/self/gid_map)",
                    e);
        }
        return switch (e.errno()) {
            case ENOTDIR, ELOOP, ENOENT, EEXIST, EISDIR, EINVAL, ENAMETOOLONG, EMLINK, EXDEV, EPERM, ERANGE, E2BIG ->
                new LayerFormatException("entry " + entry + ": " + e.getMessage(), e);
            default -> {
                LinuxException named = new LinuxException(e.call(), e.subject() + " of entry " + entry, e.number());
                named.initCause(e);
                yield named;
            }
        };
    }
}
