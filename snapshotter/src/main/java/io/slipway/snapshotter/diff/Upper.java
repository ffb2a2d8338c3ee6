package io.slipway.snapshotter.diff;

import io.slipway.linux.Attributes;
import io.slipway.linux.Dir;
import io.slipway.linux.Errno;
import io.slipway.linux.LinuxException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;

/// What an overlay's upper directory says of where changes are: names it does not have are unchanged. What
/// changed is still read from the mounted tree, so nothing here depends on how overlayfs stores it
/// (Documentation/filesystems/overlayfs.rst of the kernel: opaque, redirect).
///
/// @param userXattr whether the overlay keeps its attributes as `user.overlay.*`
record Upper(Dir dir, boolean userXattr) {
    /// What the directory `name` of the upper tree means for the lower one of the same path.
    enum Kind {
        /// Its names are those that changed.
        MERGED,
        /// Nothing of the lower one is left.
        OPAQUE,
        /// It merges with a directory of another path, or is none: only the mounted tree tells.
        UNKNOWN
    }

    Kind kind(Dir parent, byte[] name) throws IOException {
        Optional<Attributes> there = parent.find(name);
        if (there.isEmpty()
                || !there.get().isDirectory()
                || value(parent, name, "redirect").isPresent()) {
            return Kind.UNKNOWN;
        }
        boolean opaque = value(parent, name, "opaque")
                .filter(value -> Arrays.equals(value, new byte[] {'y'}))
                .isPresent();
        return opaque ? Kind.OPAQUE : Kind.MERGED;
    }

    private Optional<byte[]> value(Dir parent, byte[] name, String what) throws IOException {
        String attribute = (userXattr ? "user" : "trusted") + ".overlay." + what;
        try {
            return parent.xattr(name, attribute.getBytes(StandardCharsets.US_ASCII));
        } catch (LinuxException e) {
            if (e.errno() == Errno.EOPNOTSUPP) {
                return Optional.empty();
            }
            throw e;
        }
    }
}
