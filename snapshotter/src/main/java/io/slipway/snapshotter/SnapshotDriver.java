package io.slipway.snapshotter;

import io.slipway.linux.IdMapping;
import io.slipway.linux.Mount;
import io.slipway.snapshotter.layer.LayerNotes;
import io.slipway.snapshotter.layer.LayerSink;
import io.slipway.snapshotter.layer.NoteBudget;
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
///
/// What a power cut leaves: of a published directory its name; of what is in it everything that a [#sync] which
/// began later has covered, and anything or nothing of the rest.
public interface SnapshotDriver extends AutoCloseable {
    /// The snapshotter's name in the API.
    String name();

    Set<Capability> capabilities();

    /// Makes a directory aside.
    ///
    /// @param ids whom a client wants to see as owners; drivers without [Capability#REMAP_IDS] need not heed it
    /// @throws io.slipway.cas.ApiException INVALID_ARGUMENT, FAILED_PRECONDITION: not with these ids
    Staged stage(SnapshotKind kind, List<Long> parents, IdMapping ids) throws IOException;

    /// As above, with owners as they are.
    default Staged stage(SnapshotKind kind, List<Long> parents) throws IOException {
        return stage(kind, parents, IdMapping.NONE);
    }

    /// How the snapshot is mounted; `kind` is VIEW or ACTIVE, `ids` what it was staged with. ENOENT when a directory
    /// that it needs is not there.
    List<Mount> mounts(SnapshotKind kind, long directory, List<Long> parents, IdMapping ids) throws IOException;

    /// As above, with owners as they are.
    default List<Mount> mounts(SnapshotKind kind, long directory, List<Long> parents) throws IOException {
        return mounts(kind, directory, parents, IdMapping.NONE);
    }

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

    /// Everything written so far is on disk on return. The kernel tells only once of a write that failed behind its
    /// writer's back: after a failure, what is staged can't be published, and what was published is in doubt for
    /// good.
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
        ///
        /// @param budget for what has to be kept in mind until [#link], stays the caller's
        LayerSink sink(LayerQuota quota, NoteBudget budget) throws IOException;

        /// Settles what the layer left open ([io.slipway.snapshotter.layer.LinkStep]) and puts it on its parents.
        void link(LayerNotes notes, List<Long> parents) throws IOException, InterruptedException;

        /// Gives it its number, which is on disk on return. Quick; runs inside the transaction that records it (should
        /// that fail after all, cleanup removes the directory, and the number may be given again before).
        void publish(long directory) throws IOException;

        /// Removes it unless it was published.
        @Override
        void close();
    }
}
