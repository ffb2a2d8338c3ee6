package io.slipway.puller.archive;

import io.slipway.cas.Descriptor;

/// Told how an import or export goes on, by one thread; must not throw.
public interface ArchiveListener {
    /// An image record was written, or all of an image is in the archive.
    void image(String name, Descriptor target);

    /// A layer is being unpacked.
    void unpacking(Descriptor layer);

    /// Nobody listens.
    ArchiveListener NONE = new ArchiveListener() {
        @Override
        public void image(String name, Descriptor target) {}

        @Override
        public void unpacking(Descriptor layer) {}
    };
}
