package io.slipway.linux;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;

/// The list in an overlay's `lowerdir=` option: directories separated by colons, a backslash takes the next character
/// as it is; after an empty element (`::`) come layers that only lend data (Documentation/filesystems/overlayfs.rst).
///
/// @param lower from the top down
/// @param data likewise
record OverlayLayers(List<String> lower, List<String> data) {
    static final String OPTION = "lowerdir=";

    private static final byte[] SELF = {'.'};

    OverlayLayers {
        lower = List.copyOf(lower);
        data = List.copyOf(data);
    }

    /// Of an overlay's options; empty without that one.
    static OverlayLayers of(List<String> options) {
        return options.stream()
                .filter(option -> option.startsWith(OPTION))
                .reduce((_, last) -> last)
                .map(option -> parse(option.substring(OPTION.length())))
                .orElse(new OverlayLayers(List.of(), List.of()));
    }

    static OverlayLayers parse(String value) {
        List<String> lower = new ArrayList<>();
        List<String> data = new ArrayList<>();
        boolean inData = false;
        StringBuilder path = new StringBuilder();
        for (int i = 0; i <= value.length(); i++) {
            char c = i < value.length() ? value.charAt(i) : ':';
            if (c == '\\' && i + 1 < value.length()) {
                path.append(value.charAt(++i));
            } else if (c == ':') {
                if (path.isEmpty()) {
                    inData = true;
                } else {
                    (inData ? data : lower).add(path.toString());
                    path.setLength(0);
                }
            } else {
                path.append(c);
            }
        }
        return new OverlayLayers(lower, data);
    }

    /// The same list with each path below `base` told from there: short enough for one page once that is the working
    /// directory.
    String relativeTo(String base) {
        return text(path -> below(base, path));
    }

    /// The same list with `base` and what is below it found at another place.
    String movedTo(String place, String base) {
        return text(
                path -> isAt(base, path) ? place + path.substring(prefix(base).length()) : path);
    }

    /// Fails unless the directories of this list are those of another: a copy of one mount does not have what is
    /// mounted below it.
    void requireSame(OverlayLayers other) throws IOException {
        for (int i = 0; i < lower.size(); i++) {
            requireSame(lower.get(i), other.lower.get(i));
        }
        for (int i = 0; i < data.size(); i++) {
            requireSame(data.get(i), other.data.get(i));
        }
    }

    private static void requireSame(String path, String copied) throws IOException {
        try (Dir here = Dir.openRoot(Path.of(path));
                Dir there = Dir.openRoot(Path.of(copied))) {
            Attributes one = here.stat(SELF);
            Attributes other = there.stat(SELF);
            if (one.inode() != other.inode() || !one.device().equals(other.device())) {
                throw new LinuxException(
                        "mount", path, Errno.EINVAL.number(), "layers with mapped ids lie in one mount");
            }
        }
    }

    private String text(UnaryOperator<String> named) {
        StringBuilder list = new StringBuilder();
        for (String path : lower) {
            list.append(list.isEmpty() ? "" : ":").append(escape(named.apply(path)));
        }
        for (String path : data) {
            list.append("::").append(escape(named.apply(path)));
        }
        return list.toString();
    }

    private static boolean isAt(String base, String path) {
        return path.equals(base) || path.startsWith(prefix(base) + "/");
    }

    private static String prefix(String base) {
        return base.equals("/") ? "" : base;
    }

    /// The deepest directory above all layers.
    String commonDirectory() {
        String common = parent(lower.getFirst());
        for (String path : lower) {
            common = above(common, path);
        }
        for (String path : data) {
            common = above(common, path);
        }
        return common;
    }

    private static String above(String common, String path) {
        String base = common;
        while (!base.equals("/") && !path.startsWith(base + "/")) {
            base = parent(base);
        }
        return base;
    }

    private static String parent(String path) {
        int slash = path.lastIndexOf('/');
        return slash <= 0 ? "/" : path.substring(0, slash);
    }

    private static String below(String base, String path) {
        String prefix = base.equals("/") ? "/" : base + "/";
        return path.startsWith(prefix) ? path.substring(prefix.length()) : path;
    }

    private static String escape(String path) {
        return path.replace("\\", "\\\\").replace(":", "\\:");
    }
}
