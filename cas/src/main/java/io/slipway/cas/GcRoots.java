package io.slipway.cas;

import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.function.Consumer;

/// Port: a part (snapshots, containers) whose objects take part in collection. The part keeps its records in
/// [Metadata]; mark and removal of records run inside one write transaction on the writer thread, so that
/// nothing changes meanwhile and no locks are needed; keep them free of other I/O. Marking alone also runs on other
/// threads with a connection of theirs, to say what keeps something. Removing what the records
/// stood for comes after, outside of it.
public interface GcRoots {

    /// Whether objects of this [GcNode#type] are this part's.
    boolean owns(String type);

    /// Hands over what is alive by itself: every container; snapshots with `containerd.io/gc.root` or a future
    /// `containerd.io/gc.expire` (see [GcLabels#isRoot]).
    void roots(Connection connection, Consumer<GcNode> root) throws SQLException;

    /// Hands over what `node` (one of this part's) keeps alive: parent of a snapshot, snapshot of a
    /// container, and what its labels say (see [GcLabels#references]). `labels` is false when only parents
    /// count (a lease with `gc.flat`).
    void references(Connection connection, GcNode node, boolean labels, Consumer<GcNode> reference) throws SQLException;

    /// Hands over every object that is removed when nothing keeps it alive. Containers are not handed over.
    void candidates(Connection connection, Consumer<GcNode> candidate) throws SQLException;

    /// Removes the record of an object that nothing keeps alive. Children are removed before their parents if
    /// they come in that order from [#candidates]; a part that can't remove it now just returns false.
    boolean remove(Connection connection, GcNode node) throws SQLException;

    /// After the transaction is durable: these records are gone, remove what they stood for and publish events.
    void removed(List<GcNode> nodes) throws IOException;

    /// Room that objects of one kind take.
    ///
    /// @param type as in [GcNode#type]
    /// @param unmeasured of the count, those whose bytes are not known and not in `bytes`
    record Space(String type, long count, long bytes, long unmeasured) {}

    /// Hands over how much room this part's objects take, each shared one once. May run on any thread.
    default void space(Connection connection, Consumer<Space> space) throws SQLException {}

    /// What this part still has in a namespace, in the words of Namespaces.Delete (`containers`,
    /// `snapshots on "overlayfs" snapshotter`); empty when nothing.
    List<String> holds(Connection connection, String namespace) throws SQLException;
}
