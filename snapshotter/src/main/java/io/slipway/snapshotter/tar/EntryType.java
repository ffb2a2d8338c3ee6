package io.slipway.snapshotter.tar;

/// Kinds of entries that can be applied.
public enum EntryType {
    FILE,
    HARD_LINK,
    SYMLINK,
    CHARACTER_DEVICE,
    BLOCK_DEVICE,
    DIRECTORY,
    FIFO;

    /// Links, devices, directories and fifos carry no data, whatever their size says (Go's isHeaderOnly).
    boolean headerOnly() {
        return this != FILE;
    }
}
