package io.slipway.snapshotter.meta;

import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;

/// When the files of a committed snapshot are on disk: before its commit, or soon after it with all others that were
/// committed meanwhile. Until then its record carries this boot's id, so that after a power cut it counts as absent.
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
            slot.driver().sync();
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
