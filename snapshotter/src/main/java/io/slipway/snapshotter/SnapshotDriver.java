package io.slipway.snapshotter;

import io.slipway.linux.Mount;
import io.slipway.snapshotter.layer.LayerNotes;
import io.slipway.snapshotter.layer.LayerSink;
import java.io.IOException;
import java.util.List;
import java.util.Set;

/// Where the files of snapshots are kept. A snapshot is one directory, known by number; which numbers there
/// are, and how they hang together, is the metadata's: a driver keeps no records. It sees neither compression
/// nor tar.
///
/// A directory is *staged* (made aside, unknown to anybody), then *published* under its number while the
/// transaction that records it runs; what is not recorded is removed by [#cleanup]. Parents are given nearest
/// first. Thread-safe.
public interface SnapshotDriver extends AutoCloseable {
    /// The snapshotter's name in the API.
    String name();

    Set<Capability> capabilities();

    /// Makes a directory aside.
    Staged stage(SnapshotKind kind, List<Long> parents) throws IOException;

    /// How the snapshot is mounted; `kind` is VIEW or ACTIVE.
    List<Mount> mounts(SnapshotKind kind, long directory, List<Long> parents) throws IOException;

    /// Counts the files of the snapshot's own layer. Cost grows with their number.
    SnapshotUsage usage(long directory, List<Long> parents) throws IOException;

    /// The directory was committed: nobody writes into it any more, and a driver that can sees to that.
    default void seal(long directory) throws IOException {}

    /// The numbers of the published directories that there are.
    Set<Long> directories() throws IOException;

    /// Those of its directories that are mounted somewhere, seen from here.
    List<MountedSnapshot> mounted() throws IOException;

    /// Puts directories out of the way that are neither `live` nor staged, and returns what removes them for
    /// good. The first part is quick and runs where nothing is published meanwhile.
    Removal cleanup(Set<Long> live) throws IOException;

    /// Everything written so far is on disk on return.
    void sync() throws IOException;

    @Override
    void close();

    /// Removes trees; takes as long as they are large.
    interface Removal {
        /// Returns how many directories went.
        int run() throws IOException;
    }

    /// A directory made aside. One thread at a time; closing it removes it unless it was published.
    interface Staged extends AutoCloseable {
        /// Where a layer is written into, without its parents; of one staged as COMMITTED.
        LayerSink sink(LayerQuota quota) throws IOException;

        /// Settles what the layer left open ([io.slipway.snapshotter.layer.LinkStep]) and puts it on its parents.
        void link(LayerNotes notes, List<Long> parents) throws IOException;

        /// Gives it its number. Quick; runs inside the transaction that records it (should that fail after all,
        /// cleanup removes the directory).
        void publish(long directory) throws IOException;

        /// Removes it unless it was published.
        @Override
        void close();
    }
}
