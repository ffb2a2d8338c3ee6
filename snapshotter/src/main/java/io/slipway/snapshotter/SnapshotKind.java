package io.slipway.snapshotter;

import java.util.Locale;

/// What a snapshot is. Active (writable) and view (read-only) are made by `prepare` and `view`; committed only
/// by `commit` of an active one. Only a committed snapshot is a parent.
public enum SnapshotKind {
    VIEW(1),
    ACTIVE(2),
    COMMITTED(3);

    private final int number;

    SnapshotKind(int number) {
        this.number = number;
    }

    /// Its number in the API and in records.
    public int number() {
        return number;
    }

    /// The kind of that number.
    public static SnapshotKind of(int number) {
        return switch (number) {
            case 1 -> VIEW;
            case 2 -> ACTIVE;
            case 3 -> COMMITTED;
            default -> throw new IllegalArgumentException("snapshot kind " + number);
        };
    }

    /// The word clients filter by: `view`, `active`, `committed`.
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }
}
