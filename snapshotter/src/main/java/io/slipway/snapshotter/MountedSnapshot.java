package io.slipway.snapshotter;

import java.nio.file.Path;
import java.util.List;

/// A snapshot that is mounted.
///
/// @param point where
/// @param written whether the first directory is written to
/// @param directories its own and those below it that the mount needs, nearest first
public record MountedSnapshot(Path point, boolean written, List<Long> directories) {

    /// Takes its own copy of the list.
    public MountedSnapshot {
        directories = List.copyOf(directories);
    }
}
