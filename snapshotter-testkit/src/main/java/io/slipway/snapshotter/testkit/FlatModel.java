package io.slipway.snapshotter.testkit;

import io.slipway.snapshotter.testkit.LayerEntry.Kind;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;

/// Layers applied one after another to one tree, entry by entry, as the OCI image specification says (layer.md), and
/// where it says nothing, as containerd does; departures are [Manner]s.
///
/// A path belongs to the layer when the layer has an entry for it or for something below: whiteouts don't touch it, but
/// what lower layers have there is gone, attributes of directories included.
public final class FlatModel implements StackModel {
    private final Set<Manner> manners;

    public FlatModel(Set<Manner> manners) {
        this.manners = Set.copyOf(manners);
    }

    @Override
    public SortedMap<String, Shown> tree(List<List<LayerEntry>> layers) throws Refusal {
        return top(layers).shown();
    }

    Node top(List<List<LayerEntry>> layers) throws Refusal {
        Node top = Node.implied(0);
        for (int i = 0; i < layers.size(); i++) {
            if (i > 0 && has(Manner.COPIES)) {
                copied(top, new IdentityHashMap<>());
            }
            new Layer(i + 1, top).apply(layers.get(i));
        }
        return top;
    }

    private boolean has(Manner manner) {
        return manners.contains(manner);
    }

    private static void copied(Node directory, Map<Node, Boolean> seen) {
        directory.mtimeNs = Shown.UNPROMISED;
        directory.children.replaceAll((_, child) -> {
            if (child.isDirectory()) {
                copied(child, seen);
                return child;
            }
            boolean another = seen.put(child, true) != null && child.kind != Kind.FILE;
            return another ? child.split() : child;
        });
    }

    /// A directory, and its path without symbolic links.
    private record Place(Node node, String path) {}

    /// What a hard link links to, and its path without symbolic links.
    private record Target(Node inode, String path) {}

    /// Something done.
    ///
    /// @param name its path as the layer says it, `real` without symbolic links
    /// @param through whether a symbolic link of a lower layer leads there
    /// @param merges whether it leaves what is there
    private record Deed(String name, String real, boolean through, boolean merges) {
        boolean crosses(Deed other) {
            boolean met = related(real, other.real) && (through || other.through);
            return met && !(related(name, other.name) && through == other.through);
        }

        private static boolean related(String a, String b) {
            return Paths.within(a, b) || Paths.within(b, a);
        }
    }

    private record Time(String path, long mtimeNs) {}

    /// A hard link whose target was not there, or whose header is still to speak.
    private record Link(LayerEntry entry, String path, Node inode) {}

    /// One layer being applied.
    private final class Layer {
        private final int number;
        private final Node top;
        private final Set<String> own = new HashSet<>();
        private final Set<String> entered = new HashSet<>();
        private final List<Link> waiting = new ArrayList<>();
        /// Of inodes that wait for one that comes later.
        private final IdentityHashMap<Node, String> targets = new IdentityHashMap<>();
        /// What those turned out to be.
        private final IdentityHashMap<Node, Node> found = new IdentityHashMap<>();
        private final List<Link> speaking = new ArrayList<>();
        private final List<Time> times = new ArrayList<>();
        private final List<Deed> deeds = new ArrayList<>();
        private final Set<String> passed = new HashSet<>();
        private boolean through;

        Layer(int number, Node top) {
            this.number = number;
            this.top = top;
        }

        void apply(List<LayerEntry> entries) throws Refusal {
            for (LayerEntry entry : entries) {
                switch (entry.kind()) {
                    case WHITEOUT -> whiteout(entry);
                    case OPAQUE -> opaque(entry);
                    case DIRECTORY -> directory(entry);
                    case HARD_LINK -> link(entry);
                    case FILE, SYMLINK, FIFO -> put(at(entry), entry, Node.of(entry, number));
                }
                through = false;
            }
            if (has(Manner.ONE_WAY_TO_A_PLACE)) {
                refuseCrossing();
            }
            laterTargets();
            for (Link link : speaking) {
                Node inode = child(link.path());
                if (inode != null && inode == found.getOrDefault(link.inode(), link.inode())) {
                    inode.say(link.entry());
                }
            }
            for (Time time : times) {
                Place place = resolve(time.path(), false);
                if (place == null) {
                    throw new Refusal("the time of a directory that is gone: " + time.path());
                }
                place.node().mtimeNs = time.mtimeNs();
            }
        }

        private void did(LayerEntry entry, String real) {
            deeds.add(new Deed(entry.path(), real, through, entry.kind() == Kind.DIRECTORY));
        }

        private void refuseCrossing() throws Refusal {
            for (Deed deed : deeds) {
                boolean crosses = deeds.stream().anyMatch(deed::crosses)
                        || passed.stream()
                                .anyMatch(link -> Paths.within(link, deed.real())
                                        && !(deed.merges() && !link.equals(deed.real())));
                if (crosses) {
                    throw new Refusal("reached in two ways: " + deed);
                }
            }
        }

        private Place at(LayerEntry entry) throws Refusal {
            return made(Paths.parent(entry.path()));
        }

        private Place made(String directory) throws Refusal {
            Place place = resolve(directory, true);
            if (place == null) {
                throw new IllegalStateException("made and not there: " + directory);
            }
            return place;
        }

        private void put(Place parent, LayerEntry entry, Node node) {
            String path = Paths.child(parent.path(), Paths.base(entry.path()));
            forget(path);
            did(entry, path);
            parent.node().children.put(Paths.base(entry.path()), node);
            touch(path);
            entered.add(path);
        }

        /// What was at that path is not any more.
        private void forget(String path) {
            own.removeIf(name -> Paths.within(name, path));
        }

        private void touch(String path) {
            for (String name = path; !name.isEmpty(); name = Paths.parent(name)) {
                own.add(name);
            }
        }

        private void directory(LayerEntry entry) throws Refusal {
            Place parent = at(entry);
            String name = Paths.base(entry.path());
            Node node = parent.node().children.get(name);
            if (node == null || !node.isDirectory()) {
                node = Node.of(entry, number);
                put(parent, entry, node);
            } else {
                boolean keep = node.enteredIn == number
                        ? !has(Manner.ENTRIES_CLEAR_XATTRS)
                        : has(Manner.ENTRIES_KEEP_LOWER_XATTRS);
                if (!keep) {
                    node.xattrs.clear();
                }
                node.say(entry);
                did(entry, Paths.child(parent.path(), name));
                touch(Paths.child(parent.path(), name));
                entered.add(Paths.child(parent.path(), name));
            }
            node.enteredIn = number;
            if (has(Manner.LATE_TIMES)) {
                times.add(new Time(entry.path(), entry.mtimeNs()));
            }
        }

        private void link(LayerEntry entry) throws Refusal {
            if (Paths.within(entry.path(), entry.link()) || Paths.within(entry.link(), entry.path())) {
                throw new Refusal("hard link to itself or to a directory: " + entry);
            }
            Target target = target(entry);
            if (target != null) {
                deeds.add(new Deed(entry.link(), target.path(), through, true));
            }
            through = false;
            Place parent = at(entry);
            String path = Paths.child(parent.path(), Paths.base(entry.path()));
            if (target == null) {
                if (has(Manner.REFUSES_LATER_TARGETS)) {
                    throw new Refusal("no such target: " + entry);
                }
                Node link = Node.of(entry, number);
                put(parent, entry, link);
                waiting.add(new Link(entry, path, link));
                speaking.add(waiting.getLast());
                targets.put(link, real(entry.link()));
                return;
            }
            if (targets.containsKey(target.inode())) {
                waiting.add(new Link(entry, path, target.inode()));
                speaking.add(waiting.getLast());
            }
            boolean linked = parent.node().children.get(Paths.base(path)) == target.inode();
            if (linked ? itself(path, target) : Paths.within(target.path(), path)) {
                throw new Refusal("what the link replaces has its target: " + entry);
            }
            if (!linked) {
                put(parent, entry, target.inode());
            }
            touch(path);
            if (!targets.containsKey(target.inode())) {
                speak(new Link(entry, path, target.inode()));
            }
        }

        /// Others than we remove the name before they link it.
        private boolean itself(String path, Target target) {
            return path.equals(target.path()) && has(Manner.REFUSES_LATER_TARGETS);
        }

        private void speak(Link link) {
            if (has(Manner.LINKS_SAY_NOTHING)) {
                return;
            }
            if (link.inode().madeIn == number || has(Manner.LINKS_SPEAK_AT_ONCE)) {
                link.inode().say(link.entry());
            } else {
                speaking.add(link);
            }
        }

        private @Nullable Target target(LayerEntry entry) throws Refusal {
            Place place = resolve(Paths.parent(entry.link()), false);
            Node node = place == null ? null : place.node().children.get(Paths.base(entry.link()));
            if (place == null || node == null) {
                return null;
            }
            if (node.isDirectory()) {
                throw new Refusal("hard link to a directory: " + entry);
            }
            return new Target(node, Paths.child(place.path(), Paths.base(entry.link())));
        }

        private void laterTargets() throws Refusal {
            waiting.removeIf(link -> child(link.path()) != link.inode());
            boolean progress = true;
            while (!waiting.isEmpty()) {
                if (!progress) {
                    throw new Refusal("no such target: " + waiting.getFirst().entry());
                }
                progress = waiting.removeIf(this::made);
            }
        }

        private boolean made(Link link) {
            String path = targets.getOrDefault(link.inode(), "");
            Node target = own.contains(path) ? child(path) : null;
            if (target == null || targets.containsKey(target)) {
                return false;
            }
            Node parent = child(Paths.parent(link.path()));
            if (parent == null || target.isDirectory()) {
                return false;
            }
            parent.children.put(Paths.base(link.path()), target);
            found.put(link.inode(), target);
            return true;
        }

        /// The path without the layer's own symbolic links before the last component.
        private String real(String path) throws Refusal {
            Deque<String> todo = new ArrayDeque<>(Paths.components(path));
            String at = "";
            int links = 0;
            while (!todo.isEmpty()) {
                String name = todo.pop();
                String next = name.equals("..") ? Paths.parent(at) : Paths.child(at, name);
                Node node = todo.isEmpty() || !own.contains(next) ? null : child(next);
                if (node != null && node.kind == Kind.SYMLINK) {
                    if (++links > 40) {
                        throw new Refusal("too many links: " + path);
                    }
                    Paths.components(node.content).reversed().forEach(todo::push);
                    at = node.content.startsWith("/") ? "" : at;
                } else {
                    at = next;
                }
            }
            return at;
        }

        private void whiteout(LayerEntry entry) throws Refusal {
            Place parent = resolve(Paths.parent(entry.path()), !has(Manner.WHITEOUTS_MAKE_NOTHING));
            if (parent == null) {
                return;
            }
            String name = Paths.base(entry.path());
            String path = Paths.child(parent.path(), name);
            Node node = parent.node().children.get(name);
            did(entry, path);
            if (node == null) {
                return;
            }
            if (!own.contains(path) || has(Manner.WHITEOUTS_REMOVE_OWN)) {
                forget(path);
                parent.node().children.remove(name);
            } else if (node.isDirectory()) {
                resetUnlessEntered(node);
                hide(node, path);
                timed(node);
            }
        }

        private void opaque(LayerEntry entry) throws Refusal {
            Place place = resolve(entry.path(), !has(Manner.WHITEOUTS_MAKE_NOTHING));
            if (place != null) {
                did(entry, place.path());
                hide(place.node(), place.path());
            }
        }

        private void resetUnlessEntered(Node directory) {
            if (directory.enteredIn != number && !has(Manner.PASSED_SURVIVES_WHITEOUT)) {
                directory.reset(number);
            }
        }

        private void timed(Node directory) {
            if (has(Manner.MADE_TIMES)) {
                directory.mtimeNs = Shown.UNPROMISED;
            }
        }

        /// Removes what lower layers have below a directory.
        private void hide(Node directory, String path) {
            Set<String> kept = has(Manner.OPAQUE_KEEPS_ENTRIES_ONLY) ? entered : own;
            directory.children.keySet().removeIf(name -> !kept.contains(Paths.child(path, name)));
            directory.children.forEach((name, child) -> {
                if (child.isDirectory()) {
                    resetUnlessEntered(child);
                    hide(child, Paths.child(path, name));
                    timed(child);
                }
            });
        }

        private @Nullable Node child(String path) {
            Node at = top;
            for (String name : Paths.components(path)) {
                at = at.children.get(name);
                if (at == null) {
                    return null;
                }
            }
            return at;
        }

        /// The directory at a path, made with those above it where `make`, else null when it is not there.
        private @Nullable Place resolve(String path, boolean make) throws Refusal {
            Deque<String> todo = new ArrayDeque<>(Paths.components(path));
            Place at = new Place(top, "");
            int links = 0;
            while (!todo.isEmpty()) {
                String name = todo.pop();
                if (name.equals("..")) {
                    at = directoryAt(Paths.parent(at.path()));
                    continue;
                }
                String next = Paths.child(at.path(), name);
                Node node = at.node().children.get(name);
                boolean mine = own.contains(next);
                boolean borrowed = mine && node != null && node.madeIn != number;
                boolean followed =
                        borrowed ? !has(Manner.LINKS_TO_LINKS_LEAD_NOWHERE) : mine || has(Manner.FOLLOWS_LOWER_LINKS);
                boolean replaced = !mine && !has(Manner.REFUSES_FILES_IN_PATHS) && make;
                if (node != null
                        && node.kind == Kind.SYMLINK
                        && followed
                        && !(replaced && leadsToFile(at.path(), name))) {
                    if (++links > 40) {
                        throw new Refusal("too many links: " + path);
                    }
                    if (!mine) {
                        through = true;
                        passed.add(next);
                    }
                    Paths.components(node.content).reversed().forEach(todo::push);
                    at = node.content.startsWith("/") ? new Place(top, "") : at;
                    continue;
                }
                if (node == null || !node.isDirectory()) {
                    if (!make && (node == null || !has(Manner.REFUSES_FILES_IN_PATHS))) {
                        return null;
                    }
                    boolean refused = node == null ? mine : mine || has(Manner.REFUSES_FILES_IN_PATHS);
                    if (refused) {
                        throw new Refusal("not a directory: " + next);
                    }
                    if (node != null && node.kind == Kind.SYMLINK && has(Manner.ONE_WAY_TO_A_PLACE)) {
                        throw new Refusal("a lower link is removed by a path: " + next);
                    }
                    timed(at.node());
                    node = Node.implied(number);
                    at.node().children.put(name, node);
                }
                if (make) {
                    own.add(next);
                }
                at = new Place(node, next);
            }
            return at;
        }

        /// Such a link is no better than the file.
        private boolean leadsToFile(String directory, String name) {
            Deque<String> todo = new ArrayDeque<>(List.of(name));
            String at = directory;
            for (int links = 0; !todo.isEmpty() && links <= 40; ) {
                String next = todo.pop();
                String path = next.equals("..") ? Paths.parent(at) : Paths.child(at, next);
                Node node = child(path);
                if (node == null) {
                    return false;
                }
                if (node.kind == Kind.SYMLINK) {
                    links++;
                    Paths.components(node.content).reversed().forEach(todo::push);
                    at = node.content.startsWith("/") ? "" : at;
                } else if (!node.isDirectory()) {
                    deeds.add(new Deed(Paths.child(directory, name), path, true, true));
                    return true;
                } else {
                    at = path;
                }
            }
            return !todo.isEmpty();
        }

        private Place directoryAt(String path) {
            Node node = child(path);
            if (node == null) {
                throw new IllegalStateException("passed and not there: " + path);
            }
            return new Place(node, path);
        }
    }
}
