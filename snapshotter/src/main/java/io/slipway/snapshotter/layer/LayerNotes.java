package io.slipway.snapshotter.layer;

import io.slipway.snapshotter.tar.TarEntry;
import java.util.List;

/// What a layer that was applied without its parents leaves to the [LinkStep].
///
/// @param implied directories that stand in a path but not in the archive, parents before children
/// @param links hard links whose target was not in this layer when they came
/// @param rootOpaque whether everything of the lower layers is hidden
/// @param fileBytes sum of the sizes of its files
/// @param entries how many it had
public record LayerNotes(
        List<PathBytes> implied, List<DeferredLink> links, boolean rootOpaque, long fileBytes, long entries) {
    /// Nothing left to do.
    public static final LayerNotes NONE = new LayerNotes(List.of(), List.of(), false, 0, 0);

    public LayerNotes {
        implied = List.copyOf(implied);
        links = List.copyOf(links);
    }

    /// One such hard link, for which a [WaitingLink] stands.
    ///
    /// @param source one number for links that share an inode: each after the first was made to one before it
    /// @param path its own
    /// @param target of the first, both without the layer's own symbolic links
    /// @param entry its attributes, which the shared inode takes
    /// @param hidden the layer itself had removed the lower target before
    public record DeferredLink(int source, PathBytes path, PathBytes target, TarEntry entry, boolean hidden) {}
}
