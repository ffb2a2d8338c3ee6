package io.slipway.snapshotter.testkit;

import io.slipway.snapshotter.testkit.LayerEntry.Kind;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/// An inode. Names share it.
final class Node {
    private static final int IMPLIED_MODE = 0755;
    private static final int LINK_MODE = 0777;
    private static final String ACCESS_ACL = "system.posix_acl_access";

    final Kind kind;
    final String content;
    final SortedMap<String, Node> children = new TreeMap<>();
    final SortedMap<String, String> xattrs = new TreeMap<>();
    int mode = IMPLIED_MODE;
    int uid;
    int gid;
    long mtimeNs = Shown.UNPROMISED;
    /// The layer that made it, and the last that had an entry for it.
    int madeIn;
    int enteredIn = -1;
    boolean opaque;

    private Node(Kind kind, String content, int layer) {
        this.kind = kind;
        this.content = content;
        this.madeIn = layer;
    }

    /// A directory that only a path asks for.
    static Node implied(int layer) {
        return new Node(Kind.DIRECTORY, "", layer);
    }

    static Node of(LayerEntry entry, int layer) {
        String content = entry.kind() == Kind.SYMLINK ? entry.link() : entry.content();
        Node node = new Node(entry.kind(), content, layer);
        if (entry.kind() == Kind.SYMLINK) {
            node.mode = LINK_MODE;
        }
        node.say(entry);
        return node;
    }

    boolean isDirectory() {
        return kind == Kind.DIRECTORY;
    }

    /// Takes what an entry says of it, beside the xattrs that it has.
    void say(LayerEntry entry) {
        if (kind == Kind.FILE || kind == Kind.DIRECTORY) {
            xattrs.putAll(entry.xattrs());
        }
        if (kind != Kind.SYMLINK) {
            mode = entry.mode();
            // chmod(2) on a file with an ACL changes the entries of owner, mask and others.
            xattrs.computeIfPresent(ACCESS_ACL, (_, acl) -> Acls.withMode(acl, mode));
        }
        uid = entry.uid();
        gid = entry.gid();
        mtimeNs = entry.mtimeNs();
    }

    /// Forgets everything but its children.
    void reset(int layer) {
        mode = IMPLIED_MODE;
        uid = 0;
        gid = 0;
        mtimeNs = Shown.UNPROMISED;
        xattrs.clear();
        madeIn = layer;
        enteredIn = -1;
    }

    void copyAttributes(Node from) {
        mode = from.mode;
        uid = from.uid;
        gid = from.gid;
        mtimeNs = from.mtimeNs;
        xattrs.putAll(from.xattrs);
    }

    /// An inode of its own with the same attributes, without children.
    Node split() {
        Node copy = new Node(kind, content, madeIn);
        copy.copyAttributes(this);
        copy.enteredIn = enteredIn;
        return copy;
    }

    /// What is below a directory, by path.
    SortedMap<String, Shown> shown() {
        SortedMap<String, Shown> all = new TreeMap<>();
        show("", all, new IdentityHashMap<>());
        return all;
    }

    private void show(String directory, Map<String, Shown> all, Map<Node, String> first) {
        children.forEach((name, node) -> {
            String path = Paths.child(directory, name);
            String same = node.isDirectory() ? path : first.computeIfAbsent(node, _ -> path);
            all.put(
                    path,
                    new Shown(
                            node.kind,
                            node.mode,
                            node.uid,
                            node.gid,
                            node.mtimeNs,
                            new TreeMap<>(node.xattrs),
                            node.content,
                            same));
            node.show(path, all, first);
        });
    }
}
