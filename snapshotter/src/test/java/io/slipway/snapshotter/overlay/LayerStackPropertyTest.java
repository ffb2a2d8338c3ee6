package io.slipway.snapshotter.overlay;

import static org.assertj.core.api.Assertions.assertThat;

import io.slipway.snapshotter.testing.Layers;
import io.slipway.snapshotter.testing.Sequential;
import io.slipway.snapshotter.testing.Tar;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Random stacks of layers: applied each without its parents and linked, they show the tree that applying them
/// one after another gives. Left out: links whose names the same layer later replaces, because in a sequential
/// apply their attributes stay on the lower file.
@Tag("root")
class LayerStackPropertyTest {
    static final int STACKS = Integer.getInteger("slipway.stacks", 60);
    private static final int LAYERS = 4;
    private static final int ENTRIES = 12;

    @TempDir
    Path root;

    @Test
    void parallelEqualsSequential() throws Exception {
        long seed = Long.getLong("slipway.seed", System.nanoTime());
        for (int i = 0; i < STACKS; i++) {
            stack(seed + i);
        }
    }

    /// On the driver that is tested.
    Layers layers(Path dir) throws Exception {
        return new Layers(dir);
    }

    private void stack(long seed) throws Exception {
        Random random = new Random(seed);
        Path dir = Files.createDirectory(root.resolve(Long.toHexString(seed)));
        Sequential expected = new Sequential();
        List<String> story = new ArrayList<>(List.of("seed " + seed));
        try (Layers layers = layers(dir)) {
            for (int i = 0; i < LAYERS; i++) {
                expected.layer();
                story.add("layer " + i);
                layers.apply(layer(random, expected, story));
            }
            Map<String, String> lines = expected.lines();
            String[] timeless = lines.entrySet().stream()
                    .filter(line -> line.getValue().matches("DIRECTORY \\d+ \\d+:0"))
                    .map(Map.Entry::getKey)
                    .toArray(String[]::new);
            assertThat(differences(lines, layers.tree(timeless)))
                    .as(String.join("\n", story))
                    .isEmpty();
        }
    }

    private static List<String> differences(Map<String, String> expected, Map<String, String> actual) {
        Set<String> paths = new TreeSet<>(expected.keySet());
        paths.addAll(actual.keySet());
        List<String> differences = new ArrayList<>();
        for (String path : paths) {
            String wanted = expected.getOrDefault(path, "nothing");
            String found = actual.getOrDefault(path, "nothing");
            if (!wanted.equals(found)) {
                differences.add(path + ": expected " + wanted + ", is " + found);
            }
        }
        return differences;
    }

    private static byte[] layer(Random random, Sequential expected, List<String> story) {
        Tar tar = new Tar();
        List<String> linked = new ArrayList<>();
        for (int i = 0; i < ENTRIES; i++) {
            entry(random, tar, expected, story, linked);
        }
        return tar.end();
    }

    private static String directory(Random random) {
        String path = "d" + random.nextInt(3);
        for (int depth = random.nextInt(3); depth > 0; depth--) {
            path += "/d" + random.nextInt(2);
        }
        return path;
    }

    private static String leaf(Random random) {
        return directory(random) + "/f" + random.nextInt(3);
    }

    private static String any(Random random) {
        return random.nextInt(3) == 0 ? directory(random) : leaf(random);
    }

    private static void entry(Random random, Tar tar, Sequential expected, List<String> story, List<String> linked) {
        int mode = new int[] {0644, 0755, 0600, 01777, 04755, 0666}[random.nextInt(6)];
        long uid = random.nextInt(3);
        long mtime = 1_000_000_000L + random.nextInt(1000);
        String path = any(random);
        for (String at = path; at.contains("/"); ) {
            at = at.substring(0, at.lastIndexOf('/'));
            if (!expected.isDirectoryOrAbsent(at)) {
                return;
            }
        }
        String replaced = path;
        if (linked.stream().anyMatch(link -> (link + "/").startsWith(replaced + "/"))) {
            return;
        }
        String name = path.substring(path.lastIndexOf('/') + 1);
        String parent = path.substring(0, path.length() - name.length());
        switch (random.nextInt(10)) {
            case 0, 1, 2 -> {
                story.add("file " + path);
                String content = "c" + random.nextInt(1000);
                expected.file(path, "FILE", content, mode, uid, mtime);
                tar.add(Tar.file(path, content).mode(mode).owner(uid, 0).mtime(mtime));
            }
            case 3, 4 -> {
                story.add("directory " + path);
                expected.directory(path, mode, uid, mtime);
                tar.add(Tar.dir(path + "/").mode(mode).owner(uid, 0).mtime(mtime));
            }
            case 5 -> {
                story.add("symlink " + path);
                expected.file(path, "SYMLINK", "target", 0777, uid, mtime);
                tar.add(Tar.symlink(path, "target").owner(uid, 0).mtime(mtime));
            }
            case 6, 7 -> {
                String target = leaf(random);
                if (expected.linkable(target) && !target.equals(path) && !target.startsWith(path + "/")) {
                    story.add("link " + path + " to " + target);
                    expected.link(path, target, mode, uid, mtime);
                    linked.add(path);
                    tar.add(Tar.hardLink(path, target).mode(mode).owner(uid, 0).mtime(mtime));
                }
            }
            case 8 -> {
                story.add("whiteout " + path);
                expected.whiteout(path);
                tar.add(Tar.whiteout(parent + ".wh." + name));
            }
            default -> {
                if (expected.isDirectoryOrAbsent(path)) {
                    story.add("opaque " + path);
                    expected.opaque(path);
                    tar.add(Tar.whiteout(path + "/.wh..wh..opq"));
                }
            }
        }
    }
}
