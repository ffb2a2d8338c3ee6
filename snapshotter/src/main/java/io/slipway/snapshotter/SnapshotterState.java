package io.slipway.snapshotter;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/// One of the snapshotters that this build has, usable here or not.
///
/// @param name in the API
/// @param root where its snapshots are, or would be
/// @param capabilities in containerd's words: `rebase`, `remap-ids`, `only-remap-ids`
/// @param off why it can't be used here; empty when it can
public record SnapshotterState(String name, Path root, List<String> capabilities, Optional<String> off) {
    public SnapshotterState {
        capabilities = List.copyOf(capabilities);
    }
}
