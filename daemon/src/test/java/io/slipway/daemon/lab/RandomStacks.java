package io.slipway.daemon.lab;

import io.slipway.daemon.lab.TarBytes.Attributes;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;

/// Random stacks of layers, many in one image: each stack has a top directory of its own (`s0`, `s1`, ...), and layer
/// `n` of the image is the `n`-th layer of all of them, so that one pull compares them all. A seed gives the same
/// stacks again.
///
/// What peers are known to do differently is not made (each said where it is left out below); what they only refuse
/// would make the whole image fail.
public final class RandomStacks {
    private static final int LAYERS = 4;
    private static final int ENTRIES = 10;
    private static final long FIRST_SECOND = 1_000_000_000L;

    private final boolean lowerLinks;
    private final Random random;
    private final List<List<Write>> layers = new ArrayList<>();
    private final StringBuilder story = new StringBuilder();

    /// @param lowerLinks whether layers have hard links to names of lower layers, which containerd's overlayfs refuses
    public RandomStacks(long seed, int stacks, boolean lowerLinks) {
        this.lowerLinks = lowerLinks;
        this.random = new Random(seed);
        story.append("seed ").append(seed).append('\n');
        for (int layer = 0; layer < LAYERS; layer++) {
            layers.add(new ArrayList<>());
        }
        for (int stack = 0; stack < stacks; stack++) {
            new Stack("s" + stack).make();
        }
    }

    private interface Write {
        void to(TarBytes tar) throws IOException;
    }

    List<LabLayers.Layer> layers() {
        return layers.stream()
                .map(writes -> (LabLayers.Layer) tar -> {
                    for (Write write : writes) {
                        write.to(tar);
                    }
                })
                .toList();
    }

    /// What the stack with that top directory is made of, to read when a comparison fails.
    public String story(String top) {
        return story.toString()
                .lines()
                .filter(line -> line.startsWith("seed") || line.startsWith(top + " "))
                .reduce("", (all, line) -> all + line + "\n");
    }

    /// One stack, with what its merged tree has so far.
    private final class Stack {
        private final String top;
        /// Path to `d`, `f` (file), `p` (fifo) or `l` (symbolic link).
        private final Map<String, Character> tree = new HashMap<>();
        /// What the layer being made has entries for, and what they imply.
        private final Set<String> own = new HashSet<>();
        /// Names of hard links of the layer being made, and their targets.
        private final Set<String> linked = new HashSet<>();
        /// What was no directory in any layer so far.
        private final Set<String> others = new HashSet<>();
        /// Directories that the layer being made has entries for.
        private final Set<String> entered = new HashSet<>();
        /// What the layer being made has removed.
        private final Set<String> removed = new HashSet<>();

        private int layer;

        Stack(String top) {
            this.top = top;
        }

        void make() {
            for (layer = 0; layer < LAYERS; layer++) {
                own.clear();
                linked.clear();
                removed.clear();
                entered.clear();
                for (int i = 0; i < ENTRIES; i++) {
                    entry();
                }
            }
        }

        private void say(String what) {
            story.append(top)
                    .append(" layer ")
                    .append(layer)
                    .append(": ")
                    .append(what)
                    .append('\n');
        }

        private void add(String what, Write write) {
            say(what);
            layers.get(layer).add(write);
        }

        private String directory() {
            StringBuilder path = new StringBuilder(top).append("/d").append(random.nextInt(3));
            for (int depth = random.nextInt(3); depth > 0; depth--) {
                path.append("/d").append(random.nextInt(2));
            }
            return path.toString();
        }

        private String path() {
            return random.nextInt(3) == 0 ? directory() : directory() + "/f" + random.nextInt(3);
        }

        private void entry() {
            String path = path();
            // A parent that is no directory: a lower symbolic link is hidden on overlayfs and followed elsewhere, a
            // file
            // is refused by all.
            for (String at = parent(path); at.length() > top.length(); at = parent(at)) {
                if (tree.getOrDefault(at, 'd') != 'd') {
                    return;
                }
            }
            // containerd's overlayfs looks in lower layers for directories to make, and fails below what is none there.
            for (String at = parent(path); at.length() > top.length(); at = parent(at)) {
                if (others.contains(at)) {
                    return;
                }
            }
            // Attributes of a link that the same layer replaces stay on the lower file, or don't, by the order of work.
            // What comes where the same layer has removed something is settled by tests of its own.
            if (linked.stream().anyMatch(link -> within(link, path))
                    || removed.stream().anyMatch(gone -> within(path, gone))) {
                return;
            }
            Attributes a = attributes(false);
            int kind = random.nextInt(12);
            // containerd sets times of directories at the end of a layer and fails where one has gone again.
            if (kind != 3 && kind != 4 && entered.stream().anyMatch(directory -> within(directory, path))) {
                return;
            }
            switch (kind) {
                case 0, 1, 2 -> {
                    byte[] content = ("c" + random.nextInt(1000)).getBytes(StandardCharsets.US_ASCII);
                    replace(path, 'f');
                    Attributes noted = attributes(true);
                    add("file " + path, tar -> tar.file(path, noted, content));
                }
                case 3, 4 -> {
                    if (tree.getOrDefault(path, 'd') != 'd') {
                        replace(path, 'd');
                    }
                    put(path, 'd');
                    entered.add(path);
                    Attributes noted = attributes(true);
                    add("directory " + path, tar -> tar.directory(path, noted));
                }
                case 5 -> {
                    replace(path, 'l');
                    add("symlink " + path, tar -> tar.symlink(path, a, "target"));
                }
                case 6 -> {
                    replace(path, 'p');
                    add("fifo " + path, tar -> tar.fifo(path, a));
                }
                case 7, 8 -> link(path, a);
                case 9, 10 -> whiteout(path);
                default -> opaque(path);
            }
        }

        private void link(String path, Attributes a) {
            String target = directory() + "/f" + random.nextInt(3);
            // Of a fifo or symbolic link, containerd's native snapshotter copies each name as one of its own.
            char type = tree.getOrDefault(target, 'd');
            boolean linkable = type == 'f' && (lowerLinks || own.contains(target));
            if (linkable && !within(target, path) && !within(path, target)) {
                replace(path, type);
                linked.add(path);
                linked.add(target);
                add("link " + path + " to " + target, tar -> tar.hardLink(path, a, target));
            }
        }

        /// Of names that the layer itself has not: containerd's overlayfs refuses those (EEXIST), its native
        /// snapshotter removes them, the specification keeps them.
        private void whiteout(String path) {
            if (own.contains(path) || !tree.containsKey(path)) {
                return;
            }
            tree.keySet().removeIf(name -> within(name, path));
            implied(path);
            add(
                    "whiteout " + path,
                    tar -> tar.whiteout(
                            parent(path) + "/.wh." + path.substring(parent(path).length() + 1)));
            removed.add(path);
            // On disk the whiteout is a device.
            others.add(path);
        }

        private void opaque(String path) {
            // Where the layer has names of its own below already, containerd's native snapshotter removes those that
            // stand in directories without an entry.
            boolean ownBelow = own.stream().anyMatch(name -> within(name, path) && !name.equals(path));
            if (tree.getOrDefault(path, ' ') != 'd' || ownBelow) {
                return;
            }
            tree.keySet().removeIf(name -> within(name, path) && !name.equals(path));
            implied(path + "/x");
            add("opaque " + path, tar -> tar.whiteout(path + "/.wh..wh..opq"));
        }

        private void replace(String path, char type) {
            tree.keySet().removeIf(name -> within(name, path));
            own.removeIf(name -> within(name, path));
            put(path, type);
        }

        private void put(String path, char type) {
            implied(path);
            tree.put(path, type);
            own.add(path);
            if (type != 'd') {
                others.add(path);
            }
        }

        private void implied(String path) {
            for (String at = parent(path); !at.isEmpty(); at = parent(at)) {
                tree.put(at, 'd');
                own.add(at);
            }
        }
    }

    private Attributes attributes(boolean noted) {
        int mode = new int[] {0644, 0755, 0600, 01777, 04755, 0666, 0711}[random.nextInt(7)];
        long time = (FIRST_SECOND + random.nextInt(1000)) * 1_000_000_000L + random.nextInt(1_000_000_000);
        byte[] note = {(byte) random.nextInt(256), (byte) random.nextInt(256)};
        return new Attributes(
                mode,
                random.nextInt(3),
                random.nextInt(3),
                time,
                noted && random.nextInt(4) == 0 ? Map.of("user.n", note) : Map.of());
    }

    private static String parent(String path) {
        int slash = path.lastIndexOf('/');
        return slash < 0 ? "" : path.substring(0, slash);
    }

    private static boolean within(String name, String path) {
        return name.equals(path) || name.startsWith(path + "/");
    }
}
