package io.slipway.snapshotter.testing;

import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/// What applying layers one after another to one flat tree gives (OCI image specification, layer.md), in
/// memory: the simplest thing that can be right. Whiteouts remove what lower layers have, whenever they come. A
/// directory that is not in any archive since it was made has no promised time, which reads as -1.
public final class Sequential {
    /// An inode; names share it.
    public static final class Node {
        String type = "";
        int mode;
        long uid;
        long mtime;
        String content = "";
        int layer;
        boolean entry;
    }

    private final Map<String, Node> tree = new TreeMap<>();
    private final Set<String> own = new HashSet<>();
    private int layer;

    /// Begins the next layer.
    public void layer() {
        layer++;
        own.clear();
    }

    public boolean isDirectoryOrAbsent(String path) {
        Node node = tree.get(path);
        return path.isEmpty() || node == null || node.type.equals("DIRECTORY");
    }

    /// Whether a hard link can point there.
    public boolean linkable(String path) {
        Node node = tree.get(path);
        return node != null && !node.type.equals("DIRECTORY");
    }

    private static String parent(String path) {
        int slash = path.lastIndexOf('/');
        return slash < 0 ? "" : path.substring(0, slash);
    }

    private void parents(String path) {
        String parent = parent(path);
        if (parent.isEmpty()) {
            return;
        }
        parents(parent);
        if (!tree.containsKey(parent)) {
            Node node = fresh();
            tree.put(parent, node);
        }
        own.add(parent);
    }

    private Node fresh() {
        Node node = new Node();
        node.type = "DIRECTORY";
        node.mode = 0755;
        node.mtime = -1;
        node.layer = layer;
        return node;
    }

    private void remove(String path) {
        tree.keySet().removeIf(name -> name.equals(path) || name.startsWith(path + "/"));
        own.removeIf(name -> name.equals(path) || name.startsWith(path + "/"));
    }

    public void directory(String path, int mode, long uid, long mtime) {
        parents(path);
        if (linkable(path)) {
            remove(path);
        }
        Node node = tree.computeIfAbsent(path, _ -> fresh());
        node.mode = mode;
        node.uid = uid;
        node.mtime = mtime;
        node.layer = layer;
        node.entry = true;
        own.add(path);
    }

    public void file(String path, String type, String content, int mode, long uid, long mtime) {
        parents(path);
        remove(path);
        Node node = new Node();
        node.type = type;
        node.content = content;
        node.mode = mode;
        node.uid = uid;
        node.mtime = mtime;
        node.layer = layer;
        tree.put(path, node);
        own.add(path);
    }

    public void link(String path, String target, int mode, long uid, long mtime) {
        parents(path);
        Node node = java.util.Objects.requireNonNull(tree.get(target), target);
        remove(path);
        node.mode = node.type.equals("SYMLINK") ? node.mode : mode;
        node.uid = uid;
        node.mtime = mtime;
        tree.put(path, node);
        own.add(path);
    }

    public void whiteout(String path) {
        parents(path);
        hide(path);
        Node node = tree.get(path);
        if (node == null) {
            return;
        }
        if (!own.contains(path)) {
            tree.remove(path);
        } else if (node.type.equals("DIRECTORY") && (!node.entry || node.layer != layer)) {
            tree.put(path, fresh());
        }
    }

    public void opaque(String path) {
        parents(path + "/x");
        hide(path);
    }

    /// Removes what lower layers have below `path`.
    private void hide(String path) {
        tree.keySet().removeIf(name -> name.startsWith(path + "/") && !own.contains(name));
        tree.replaceAll((name, node) ->
                name.startsWith(path + "/") && node.type.equals("DIRECTORY") && node.layer != layer ? fresh() : node);
    }

    /// Path to a line, in the words of [Trees] where times are promised.
    public Map<String, String> lines() {
        Map<String, String> lines = new LinkedHashMap<>();
        Map<Node, String> first = new HashMap<>();
        tree.forEach((path, node) -> {
            String same = first.computeIfAbsent(node, _ -> path);
            lines.put(
                    path,
                    node.type + String.format(" %04o", node.mode) + " " + node.uid + ":0"
                            + (node.mtime < 0 ? "" : " " + node.mtime + ".0")
                            + content(node)
                            + (same.equals(path) ? "" : " same inode as " + same));
        });
        return lines;
    }

    private static String content(Node node) {
        return switch (node.type) {
            case "FILE" -> " " + node.content.length() + " \"" + node.content + "\"";
            case "SYMLINK" -> " -> " + node.content;
            default -> "";
        };
    }
}
