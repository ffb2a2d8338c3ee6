package io.slipway.snapshotter;

import java.util.Locale;

/// What a snapshot is. Active (writable) and view (read-only) are made by `prepare` and `view`; committed only
/// by `commit` of an active one. Only a committed snapshot is a parent.
public enum SnapshotKind {
    VIEW,
    ACTIVE,
    COMMITTED;

    /// The word clients filter by: `view`, `active`, `committed`.
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }
}
