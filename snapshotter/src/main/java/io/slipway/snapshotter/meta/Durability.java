package io.slipway.snapshotter.meta;

import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;

/// When the files of a committed snapshot, or of an active one that is a copy of its parent, are on disk: before it is
/// recorded, or soon after with all others that were meanwhile. Until then its record carries this boot's id, so that
/// after a power cut it counts as absent. Its directory's name is on disk before the record either way.
final class Durability {
    private final boolean beforeCommit;
    private final DirectoryTable directories;

    Durability(boolean beforeCommit, DirectoryTable directories) {
        this.beforeCommit = beforeCommit;
        this.directories = directories;
    }

    /// Outside of the transaction: may take long.
    void beforeCommit(DriverSlot slot) throws IOException {
        if (beforeCommit) {
            slot.sync().now();
        }
    }

    /// In the transaction.
    void finished(Connection c, long directory) throws SQLException {
        directories.finished(c, directory, beforeCommit);
    }

    /// Returns at once.
    void afterCommit(DriverSlot slot) {
        if (!beforeCommit) {
            slot.sync().request();
        }
    }
}
