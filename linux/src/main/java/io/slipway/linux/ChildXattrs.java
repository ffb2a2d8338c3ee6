package io.slipway.linux;

import java.io.IOException;
import java.util.List;
import java.util.Optional;

/// Extended attributes of a child of a directory, without following it.
sealed interface ChildXattrs permits XattrsAt, XattrsHeld {
    void set(Dir dir, byte[] child, byte[] attribute, byte[] value) throws IOException;

    Optional<byte[]> get(Dir dir, byte[] child, byte[] attribute) throws IOException;

    List<byte[]> list(Dir dir, byte[] child) throws IOException;

    void remove(Dir dir, byte[] child, byte[] attribute) throws IOException;

    /// The way this kernel offers.
    static ChildXattrs ofKernel() {
        return Chosen.WAY;
    }

    /// Holder: asked of the kernel once.
    final class Chosen {
        private static final ChildXattrs WAY = Probe.Xattrat.PRESENT ? new XattrsAt() : new XattrsHeld();

        private Chosen() {}
    }
}
