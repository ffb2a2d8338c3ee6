package io.slipway.snapshotter;

import io.slipway.linux.Mount;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Snapshots by key, per namespace and snapshotter, as containerd's Snapshots service has them.
///
/// *Active* (made by [#prepare]) becomes *committed* by [#commit]; a *view* is read-only and never committed;
/// only a committed snapshot is a parent. Keys and names share one space. Three stories: unpack the first
/// layer (`prepare(k, "")`, write into its mounts, `commit(name, k)`), unpack the next (`prepare(k, name)`,
/// ...), run a container (`prepare(containerId, topName)`, mount, later `remove(containerId)`).
///
/// Errors are [io.slipway.cas.ApiException] with containerd's class: an empty snapshotter or one that is not
/// loaded, a malformed label INVALID_ARGUMENT; absent NOT_FOUND; already there ALREADY_EXISTS; wrong kind or
/// state FAILED_PRECONDITION; faults of the disk are IOException. Every call blocks (metadata
/// transaction, some file system calls) and may be made by any number of threads.
public interface Snapshots {
    /// Makes an active snapshot over `parent` (empty: none) and says how to mount it. Event
    /// `/snapshot/prepare`.
    ///
    /// With the label `containerd.io/snapshot.ref`=T and a snapshot T already there, or unpacked in another
    /// namespace where content is shared: ALREADY_EXISTS, T joins the lease. To a containerd that keeps its
    /// snapshots here under `<namespace>/<number>/<key>`, T is the committed snapshot with that label and
    /// that parent.
    List<Mount> prepare(
            String namespace,
            String snapshotter,
            String key,
            String parent,
            Map<String, String> labels,
            Optional<String> lease)
            throws IOException;

    /// As [#prepare], read-only, without an event.
    List<Mount> view(
            String namespace,
            String snapshotter,
            String key,
            String parent,
            Map<String, String> labels,
            Optional<String> lease)
            throws IOException;

    /// How to mount an active snapshot or view; nothing is mounted by this. Layers below that a power cut may
    /// have damaged are unpacked again from the store first, which takes as long as it takes;
    /// FAILED_PRECONDITION when that can't be done.
    List<Mount> mounts(String namespace, String snapshotter, String key) throws IOException;

    /// Turns the active snapshot `key` into the committed `name`. The labels are those given here; the active
    /// snapshot's are not inherited. `parent` (not empty) gives a parentless active snapshot its parent. Event
    /// `/snapshot/commit`.
    void commit(
            String namespace,
            String snapshotter,
            String name,
            String key,
            Map<String, String> labels,
            String parent,
            Optional<String> lease)
            throws IOException;

    /// Drops a snapshot that has no children; its files go in the background. Event `/snapshot/remove`.
    void remove(String namespace, String snapshotter, String key) throws IOException;

    SnapshotInfo stat(String namespace, String snapshotter, String key) throws IOException;

    /// Changes labels: those of `mask` (`labels`, `labels.K`), all of them when it is empty. Any other path is
    /// INVALID_ARGUMENT.
    SnapshotInfo update(String namespace, String snapshotter, SnapshotInfo info, List<String> mask) throws IOException;

    /// Those that containerds which use this snapshotter (`[proxy_plugins]`) keep here, in all namespaces;
    /// filters as in [#list].
    List<SnapshotInfo> listOfProxies(String snapshotter, List<String> filters) throws IOException;

    /// Those that match any of the filters (`kind`, `name`, `parent`, `labels.K`); all when there are none.
    List<SnapshotInfo> list(String namespace, String snapshotter, List<String> filters) throws IOException;

    /// Of an active snapshot counted now (cost grows with its files), of a committed one as stored at commit.
    SnapshotUsage usage(String namespace, String snapshotter, String key) throws IOException;

    /// Removes directories that belong to no snapshot.
    void cleanup(String snapshotter) throws IOException;

    /// Names of the loaded snapshotters.
    List<String> snapshotters();

    /// The one taken when a request names none.
    String defaultSnapshotter();
}
