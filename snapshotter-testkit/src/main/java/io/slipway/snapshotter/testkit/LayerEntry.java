package io.slipway.snapshotter.testkit;

import java.util.Map;

/// What one entry of a layer says.
///
/// @param path relative, without `.` and `..`; of a whiteout the name that it removes, of an opaque mark its directory
/// @param link target of a link
/// @param mtimeNs nanoseconds since 1970
/// @param xattrs values in hexadecimal digits
public record LayerEntry(
        Kind kind,
        String path,
        String link,
        int mode,
        int uid,
        int gid,
        long mtimeNs,
        Map<String, String> xattrs,
        String content) {
    /// Kinds of entries.
    public enum Kind {
        FILE,
        DIRECTORY,
        SYMLINK,
        HARD_LINK,
        FIFO,
        WHITEOUT,
        OPAQUE
    }

    public LayerEntry {
        xattrs = Map.copyOf(xattrs);
    }

    /// As it stands in the archive.
    public String name() {
        return switch (kind) {
            case WHITEOUT -> Paths.child(Paths.parent(path), ".wh." + Paths.base(path));
            case OPAQUE -> Paths.child(path, ".wh..wh..opq");
            case FILE, DIRECTORY, SYMLINK, HARD_LINK, FIFO -> path;
        };
    }

    /// For the story of a stack.
    @Override
    public String toString() {
        String what = kind.name().toLowerCase(java.util.Locale.ROOT) + " " + path;
        return switch (kind) {
            case WHITEOUT, OPAQUE -> what;
            case SYMLINK -> what + " -> " + link;
            case HARD_LINK -> what + " to " + link + attributes();
            case FILE, DIRECTORY, FIFO -> what + attributes();
        };
    }

    private String attributes() {
        return " %o %d:%d%s".formatted(mode, uid, gid, xattrs.isEmpty() ? "" : " " + xattrs.keySet());
    }
}
