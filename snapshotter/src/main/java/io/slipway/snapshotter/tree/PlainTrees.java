package io.slipway.snapshotter.tree;

import java.io.IOException;

/// How a driver whose snapshots are whole trees makes them, by name in one directory ([SnapshotDirs]). Thread-safe.
public interface PlainTrees {
    /// An empty tree.
    void create(byte[] name) throws IOException;

    /// A copy of a published tree.
    void copy(long number, byte[] name) throws IOException;

    /// As [#copy] for somebody who only reads, or an empty tree where such a view shows the published one itself.
    void view(long number, byte[] name) throws IOException;
}
