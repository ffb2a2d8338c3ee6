package io.slipway.snapshotter.testkit;

import java.util.SortedMap;

/// One name of the tree that a stack becomes.
///
/// @param type in the words of [LayerEntry.Kind]
/// @param mtimeNs nanoseconds since 1970, or [#UNPROMISED] where no archive says any
/// @param xattrs values in hexadecimal digits
/// @param content of a file; target of a symbolic link
/// @param sameAs the first name of its inode
public record Shown(
        LayerEntry.Kind type,
        int mode,
        int uid,
        int gid,
        long mtimeNs,
        SortedMap<String, String> xattrs,
        String content,
        String sameAs) {
    /// The time of unpacking, or whatever else.
    public static final long UNPROMISED = -1;

    /// The same with an unpromised time.
    public Shown withoutTime() {
        return new Shown(type, mode, uid, gid, UNPROMISED, xattrs, content, sameAs);
    }
}
