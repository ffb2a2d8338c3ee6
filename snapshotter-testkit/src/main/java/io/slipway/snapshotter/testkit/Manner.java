package io.slipway.snapshotter.testkit;

import java.util.EnumSet;
import java.util.Set;

/// Where an unpacker that applies layers one after another to one tree departs from the plain reading of the OCI image
/// specification (layer.md), in which [FlatModel] has none of these. Each is one narrow thing; a difference between two
/// unpackers that is none of them is a mistake of one.
public enum Manner {
    /// A symbolic link of a lower layer in the path of an entry is followed. Overlayfs can't: the layer's own directory
    /// is the root that its paths are resolved in, so a directory of the layer hides the link.
    FOLLOWS_LOWER_LINKS,

    /// What is no directory in a lower layer is not replaced by one that only a path asks for.
    REFUSES_FILES_IN_PATHS,

    /// A path does not go through a hard link to a symbolic link of a lower layer. Ours, as a layer is applied before
    /// it is known what the lower layers have.
    LINKS_TO_LINKS_LEAD_NOWHERE,

    /// A layer does not reach one place both through a symbolic link of a lower layer and by another path, nor removes
    /// such a link. Not an unpacker's but a restriction of what ours are tested with: what such a layer becomes on
    /// native and btrfs, where links are followed after all else, is not promised.
    ONE_WAY_TO_A_PLACE,

    /// A hard link can't come before its target.
    REFUSES_LATER_TARGETS,

    /// The header of a hard link speaks for the inode at once, so also when the layer replaces the link later. With us
    /// the inode of a lower layer takes it only from links that are there at the end: what was replaced leaves no
    /// trace to copy the lower file up for.
    LINKS_SPEAK_AT_ONCE,

    /// The header of a hard link is ignored: "hardlinks don't have any separate metadata from their link" (umoci,
    /// oci/layer/tar_extract.go). containerd applies it (archive/tar.go, createTarFile), and so do we.
    LINKS_SAY_NOTHING,

    /// An entry for a directory removes the xattrs that it has from an earlier entry of the same layer (umoci clears
    /// before it sets; containerd only sets).
    ENTRIES_CLEAR_XATTRS,

    /// An entry for a directory of a lower layer adds to its xattrs instead of replacing them. On overlayfs a directory
    /// shows those of its nearest layer, and ours do so everywhere.
    ENTRIES_KEEP_LOWER_XATTRS,

    /// A whiteout removes what the layer itself has put there. "Files that are present in the same layer as a whiteout
    /// file can only be hidden by whiteout files in subsequent layers" (layer.md); containerd's applier in place
    /// removes whatever has the name.
    WHITEOUTS_REMOVE_OWN,

    /// An opaque mark keeps what had an entry of its own, and removes what lies in directories that had none
    /// (containerd's applier in place walks the tree and asks `unpackedPaths`).
    OPAQUE_KEEPS_ENTRIES_ONLY,

    /// A directory of a lower layer that a path of this layer goes through keeps its attributes when a whiteout of it
    /// comes later: umoci counts it among the layer's own.
    PASSED_SURVIVES_WHITEOUT,

    /// A whiteout makes no directories for its path.
    WHITEOUTS_MAKE_NOTHING,

    /// Times of directories are set at the end on whatever has their path by then; one that is gone is an error
    /// (containerd 1.6).
    LATE_TIMES,

    /// A directory has the time of unpacking when one was made in it for a path, and those that a whiteout finds to be
    /// the layer's own when it looks through them (umoci puts back the times of an entry's own directory alone).
    MADE_TIMES,

    /// Every layer begins with a copy of the tree below, in which directories have the time of copying, and names of
    /// one inode that is no regular file become several (continuity's CopyDir).
    COPIES;

    /// containerd's native snapshotter.
    public static final Set<Manner> CONTAINERD_NATIVE = Set.copyOf(EnumSet.of(
            FOLLOWS_LOWER_LINKS,
            REFUSES_FILES_IN_PATHS,
            REFUSES_LATER_TARGETS,
            LINKS_SPEAK_AT_ONCE,
            ENTRIES_KEEP_LOWER_XATTRS,
            WHITEOUTS_REMOVE_OWN,
            OPAQUE_KEEPS_ENTRIES_ONLY,
            LATE_TIMES,
            COPIES));

    /// `umoci unpack` 0.4.
    public static final Set<Manner> UMOCI = Set.copyOf(EnumSet.of(
            FOLLOWS_LOWER_LINKS,
            REFUSES_FILES_IN_PATHS,
            REFUSES_LATER_TARGETS,
            LINKS_SAY_NOTHING,
            ENTRIES_CLEAR_XATTRS,
            PASSED_SURVIVES_WHITEOUT,
            WHITEOUTS_MAKE_NOTHING,
            MADE_TIMES));

    /// Ours over overlayfs.
    public static final Set<Manner> OVERLAYFS = Set.of(LINKS_TO_LINKS_LEAD_NOWHERE);

    /// Ours on native and btrfs.
    public static final Set<Manner> FLAT = Set.of(FOLLOWS_LOWER_LINKS, LINKS_TO_LINKS_LEAD_NOWHERE);
}
