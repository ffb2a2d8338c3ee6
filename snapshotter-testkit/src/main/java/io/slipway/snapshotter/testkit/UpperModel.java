package io.slipway.snapshotter.testkit;

import io.slipway.snapshotter.testkit.LayerEntry.Kind;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;

/// How containerd 1.6 unpacks for overlayfs: each layer into an upper directory of its own (archive/tar.go with
/// OverlayConvertWhiteout), which overlayfs merges (Documentation/filesystems/overlayfs.rst of the kernel). Where that
/// is not what the OCI image specification says:
///
/// - a directory that only a path asks for takes the attributes of the first lower directory of its name, even where
///   a layer between hides that one;
/// - a directory in place of a whiteout or a file of the same layer merges with the lower one that those had hidden;
/// - xattrs that a directory took so stay when the layer has an entry for it later;
/// - times of directories are set at the end, on whatever has the path by then;
/// - whiteouts of what the layer itself has, or has removed before, are refused; so are links into lower layers, paths
///   through lower files of more than one component, directories that are gone at the end, paths through whiteouts of
///   the same layer.
public final class UpperModel implements StackModel {
    /// The first layer has no overlay to go to: it is applied in place, as with the native snapshotter.
    private static final FlatModel FIRST = new FlatModel(Manner.CONTAINERD_NATIVE);

    @Override
    public SortedMap<String, Shown> tree(List<List<LayerEntry>> layers) throws Refusal {
        List<Node> tops = new ArrayList<>();
        tops.add(FIRST.top(layers.subList(0, 1)));
        for (List<LayerEntry> layer : layers.subList(1, layers.size())) {
            Node top = Node.implied(0);
            new Upper(top, List.copyOf(tops)).apply(layer);
            tops.addFirst(top);
        }
        Node merged = Node.implied(0);
        merge(tops, merged);
        return merged.shown();
    }

    /// What a mount shows of directories that merge, nearest first.
    private static void merge(List<Node> levels, Node into) {
        Map<String, List<Node>> names = new HashMap<>();
        for (Node level : levels) {
            level.children.forEach((name, node) ->
                    names.computeIfAbsent(name, _ -> new ArrayList<>()).add(node));
        }
        names.forEach((name, nodes) -> {
            Node nearest = nodes.getFirst();
            if (nearest.kind == Kind.WHITEOUT) {
                return;
            }
            if (!nearest.isDirectory()) {
                into.children.put(name, nearest);
                return;
            }
            List<Node> directories = new ArrayList<>();
            for (Node node : nodes) {
                if (!node.isDirectory()) {
                    break;
                }
                directories.add(node);
                if (node.opaque) {
                    break;
                }
            }
            Node shown = nearest.split();
            into.children.put(name, shown);
            merge(directories, shown);
        });
    }

    private record Place(Node node, String path) {}

    private record Time(String path, long mtimeNs) {}

    /// One layer being applied.
    private static final class Upper {
        private final Node top;
        private final List<Node> lowers;
        private final List<Time> times = new ArrayList<>();

        Upper(Node top, List<Node> lowers) {
            this.top = top;
            this.lowers = lowers;
        }

        void apply(List<LayerEntry> entries) throws Refusal {
            for (LayerEntry entry : entries) {
                apply(entry);
            }
            for (Time time : times) {
                Node node = find(top, time.path());
                if (node == null) {
                    throw new Refusal("the time of a directory that is gone: " + time.path());
                }
                node.mtimeNs = time.mtimeNs();
            }
        }

        private void apply(LayerEntry entry) throws Refusal {
            if (entry.kind() == Kind.OPAQUE) {
                made(entry.path()).opaque = true;
                return;
            }
            String name = Paths.base(entry.path());
            Node parent = made(Paths.parent(entry.path()));
            Node there = parent.children.get(name);
            switch (entry.kind()) {
                case DIRECTORY -> {
                    if (there == null || !there.isDirectory()) {
                        parent.children.put(name, Node.of(entry, 0));
                    } else {
                        there.say(entry);
                    }
                    times.add(new Time(entry.path(), entry.mtimeNs()));
                }
                case HARD_LINK -> link(entry, parent, name);
                case WHITEOUT -> {
                    if (there != null) {
                        throw new Refusal("whiteout of what is there: " + entry);
                    }
                    parent.children.put(name, Node.of(entry, 0));
                }
                case FILE, SYMLINK, FIFO -> parent.children.put(name, Node.of(entry, 0));
                case OPAQUE -> throw new IllegalStateException("done above");
            }
        }

        private void link(LayerEntry entry, Node parent, String name) throws Refusal {
            if (Paths.within(entry.path(), entry.link()) || Paths.within(entry.link(), entry.path())) {
                throw new Refusal("hard link to itself or to a directory: " + entry);
            }
            Node directory = find(top, Paths.parent(entry.link()));
            Node target = directory == null ? null : directory.children.get(Paths.base(entry.link()));
            if (target == null || target.isDirectory() || target.kind == Kind.WHITEOUT) {
                throw new Refusal("no such target: " + entry);
            }
            if (directory == parent && name.equals(Paths.base(entry.link()))) {
                // It removes the name first.
                throw new Refusal("link to itself by another path: " + entry);
            }
            parent.children.put(name, target);
            target.say(entry);
        }

        private Node made(String path) throws Refusal {
            String real = real(path);
            Node at = top;
            String done = "";
            for (String name : Paths.components(real)) {
                done = Paths.child(done, name);
                Node node = at.children.get(name);
                if (node == null) {
                    node = Node.implied(0);
                    at.children.put(name, node);
                    inherit(node, done);
                } else if (!node.isDirectory()) {
                    throw new Refusal("not a directory: " + done);
                }
                at = node;
            }
            return at;
        }

        private void inherit(Node node, String path) throws Refusal {
            for (Node lower : lowers) {
                Node there = find(lower, path);
                if (there != null) {
                    if (there.isDirectory()) {
                        node.copyAttributes(there);
                        node.mtimeNs = Shown.UNPROMISED;
                    }
                    return;
                }
            }
        }

        /// The path without symbolic links as far as it is there, and as it stands beyond.
        private String real(String path) throws Refusal {
            return walk(top, path).path();
        }

        private static @Nullable Node find(Node root, String path) throws Refusal {
            return walk(root, path).node();
        }

        private record Found(@Nullable Node node, String path) {}

        /// containerd/fs RootPath.
        private static Found walk(Node root, String path) throws Refusal {
            Deque<String> todo = new ArrayDeque<>(Paths.components(path));
            Deque<Place> at = new ArrayDeque<>();
            at.push(new Place(root, ""));
            int links = 0;
            while (!todo.isEmpty()) {
                String name = todo.pop();
                Place here = at.getFirst();
                if (name.equals("..")) {
                    if (at.size() > 1) {
                        at.pop();
                    }
                    continue;
                }
                if (!here.node().isDirectory()) {
                    throw new Refusal("not a directory: " + here.path());
                }
                Node node = here.node().children.get(name);
                if (node == null) {
                    return new Found(null, beyond(here.path(), name, todo));
                }
                if (node.kind == Kind.SYMLINK) {
                    if (++links > 255) {
                        throw new Refusal("too many links: " + path);
                    }
                    Paths.components(node.content).reversed().forEach(todo::push);
                    if (node.content.startsWith("/")) {
                        at.clear();
                        at.push(new Place(root, ""));
                    }
                    continue;
                }
                at.push(new Place(node, Paths.child(here.path(), name)));
            }
            return new Found(at.getFirst().node(), at.getFirst().path());
        }

        private static String beyond(String at, String name, Deque<String> todo) {
            String path = Paths.child(at, name);
            for (String next : todo) {
                path = next.equals("..") ? Paths.parent(path) : Paths.child(path, next);
            }
            return path;
        }
    }
}
