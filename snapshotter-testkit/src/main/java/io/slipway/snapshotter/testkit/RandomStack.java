package io.slipway.snapshotter.testkit;

import io.slipway.snapshotter.testkit.LayerEntry.Kind;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;

/// A random stack of layers over few names, so that entries meet: implied directories, links into lower layers and to
/// later entries, whiteouts before and after what they name, opaque marks anywhere, directories in place of files and
/// back, symbolic links in paths, duplicates, changes of attributes alone. The same random numbers give the same stack.
public final class RandomStack {
    private static final long FIRST_SECOND = 1_000_000_000L;
    private static final long SECOND = 1_000_000_000L;
    private static final int[] MODES = {0644, 0755, 0600, 01777, 04755, 0666, 0711};

    private final Random random;
    private final String top;
    private final Set<Feature> features;

    /// What stacks may have beside what all have.
    public enum Feature {
        /// Access control lists.
        ACLS,
        /// Opaque marks in the top directory.
        OPAQUE_TOP
    }

    private RandomStack(Random random, String top, Set<Feature> features) {
        this.random = random;
        this.top = top;
        this.features = Set.copyOf(features);
    }

    /// A stack that all of `takers` take, whose paths all lie in the directory `top`, which is none of them.
    public static List<List<LayerEntry>> of(
            Random random, String top, int layers, int entries, Set<Feature> features, List<StackModel> takers) {
        RandomStack stack = new RandomStack(random, top, features);
        List<List<LayerEntry>> done = new ArrayList<>();
        for (int layer = 0; layer < layers; layer++) {
            done.add(new ArrayList<>());
            for (int i = 0; i < entries; i++) {
                List<LayerEntry> before = List.copyOf(done.getLast());
                done.getLast().addAll(stack.proposal());
                if (!takers.stream().allMatch(taker -> taker.takes(done))) {
                    done.set(layer, new ArrayList<>(before));
                }
            }
        }
        return done.stream().map(List::copyOf).toList();
    }

    /// One layer as it comes, which hardly any unpacker takes.
    public static List<LayerEntry> wild(Random random, String top, int entries, Set<Feature> features) {
        RandomStack stack = new RandomStack(random, top, features);
        List<LayerEntry> layer = new ArrayList<>();
        while (layer.size() < entries) {
            layer.addAll(stack.proposal());
        }
        return layer;
    }

    private String directory() {
        String path = Paths.child(top, "d" + random.nextInt(3));
        for (int depth = random.nextInt(3); depth > 0; depth--) {
            path += "/d" + random.nextInt(2);
        }
        return path;
    }

    private String leaf() {
        return directory() + "/f" + random.nextInt(3);
    }

    /// Mostly a name fit for its kind; now and then a file's name goes to a directory and the other way round.
    private String path() {
        return random.nextInt(3) == 0 ? directory() : leaf();
    }

    private String directoryPath() {
        return random.nextInt(5) == 0 ? leaf() : directory();
    }

    /// An entry, or several that belong together.
    private List<LayerEntry> proposal() {
        return switch (random.nextInt(20)) {
            case 0, 1, 2, 3, 4 -> List.of(entry(Kind.FILE, path(), ""));
            case 5, 6, 7, 8 -> List.of(entry(Kind.DIRECTORY, directoryPath(), ""));
            case 9, 10 -> List.of(symlink(path()));
            case 11 -> List.of(entry(Kind.FIFO, path(), ""));
            case 12, 13, 14 -> List.of(entry(Kind.HARD_LINK, path(), leaf()));
            case 15 -> later();
            case 16, 17 -> List.of(entry(Kind.WHITEOUT, path(), ""));
            case 18 -> List.of(entry(Kind.OPAQUE, opaquePath(), ""));
            default -> around();
        };
    }

    private String opaquePath() {
        return features.contains(Feature.OPAQUE_TOP) && random.nextInt(12) == 0 ? top : directoryPath();
    }

    /// A link before its target.
    private List<LayerEntry> later() {
        String target = leaf();
        return List.of(entry(Kind.HARD_LINK, path(), target), entry(Kind.FILE, target, ""));
    }

    /// A whiteout of a link's target or name, next to the link.
    private List<LayerEntry> around() {
        LayerEntry link = entry(Kind.HARD_LINK, path(), leaf());
        LayerEntry whiteout = entry(Kind.WHITEOUT, random.nextBoolean() ? link.path() : link.link(), "");
        return random.nextBoolean() ? List.of(link, whiteout) : List.of(whiteout, link);
    }

    /// To a directory beside it or anywhere in the stack; some dangle, some lead in circles.
    private LayerEntry symlink(String path) {
        String target = random.nextBoolean() ? "d" + random.nextInt(2) : "/" + path();
        return entry(Kind.SYMLINK, path, target);
    }

    private LayerEntry entry(Kind kind, String path, String link) {
        boolean removal = kind == Kind.WHITEOUT || kind == Kind.OPAQUE;
        int mode = removal ? 0 : MODES[random.nextInt(MODES.length)];
        long time = (FIRST_SECOND + random.nextInt(1000)) * SECOND + random.nextInt(1_000_000_000);
        String content = kind == Kind.FILE ? "c" + random.nextInt(1000) : "";
        int uid = random.nextInt(3);
        int gid = random.nextInt(3);
        return removal
                ? new LayerEntry(kind, path, link, 0, 0, 0, 0, Map.of(), "")
                : new LayerEntry(kind, path, link, mode, uid, gid, time, xattrs(kind, mode), content);
    }

    private Map<String, String> xattrs(Kind kind, int mode) {
        Map<String, String> xattrs = new HashMap<>();
        if (kind == Kind.SYMLINK || kind == Kind.FIFO) {
            return xattrs;
        }
        if (random.nextInt(4) == 0) {
            xattrs.put("user.n" + random.nextInt(2), "%04x".formatted(random.nextInt(1 << 16)));
        }
        if (features.contains(Feature.ACLS) && random.nextInt(3) == 0) {
            if (kind == Kind.DIRECTORY) {
                xattrs.put("system.posix_acl_default", Acls.of(random.nextInt(8), MODES[random.nextInt(MODES.length)]));
            }
            if (kind != Kind.HARD_LINK && random.nextBoolean()) {
                xattrs.put("system.posix_acl_access", Acls.of(random.nextInt(8), mode));
            }
        }
        return xattrs;
    }
}
