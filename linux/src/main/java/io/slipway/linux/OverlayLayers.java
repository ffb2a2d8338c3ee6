package io.slipway.linux;

import java.util.ArrayList;
import java.util.List;

/// The list in an overlay's `lowerdir=` option: directories separated by colons, a backslash takes the next character
/// as it is; after an empty element (`::`) come layers that only lend data (Documentation/filesystems/overlayfs.rst).
///
/// @param lower from the top down
/// @param data likewise
record OverlayLayers(List<String> lower, List<String> data) {
    static final String OPTION = "lowerdir=";

    OverlayLayers {
        lower = List.copyOf(lower);
        data = List.copyOf(data);
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
        StringBuilder list = new StringBuilder();
        for (String path : lower) {
            list.append(list.isEmpty() ? "" : ":").append(escape(below(base, path)));
        }
        for (String path : data) {
            list.append("::").append(escape(below(base, path)));
        }
        return list.toString();
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
