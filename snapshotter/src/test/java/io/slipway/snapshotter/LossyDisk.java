package io.slipway.snapshotter;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;

/// The disk under a driver's directory: knows what is on it for good, and loses the rest when the power goes.
///
/// On disk is what the last completed sync found when it began (a file written since, or after that, is not), and the
/// names in the top directory as the last published directory left them. It listens to the steps that [HaltingDriver]
/// tells. Inodes stand for files, as names change.
final class LossyDisk {
    /// What becomes of that which no sync has covered.
    enum Loss {
        /// Everything goes: names, files, and removals, which are undone.
        EVERYTHING,
        /// Names stay, files are empty.
        CONTENTS,
        /// Each name and file its own way.
        ANYTHING
    }

    private record Fact(boolean directory, long size, FileTime modified, FileTime changed) {}

    /// @param facts by inode
    /// @param names by the inode of the directory
    /// @param age grows; of two pictures the younger one is right about the names at the top
    private record Picture(Map<Long, Fact> facts, Map<Long, Map<String, Long>> names, long age) {}

    private final Path top;
    private final Path removed;
    private final Map<Thread, Picture> syncing = new HashMap<>();
    private final Set<Long> kept = new HashSet<>();
    private Map<Long, Fact> facts = new HashMap<>();
    private Map<Long, Map<String, Long>> names = new HashMap<>();
    private Map<String, Long> topNames = new HashMap<>();
    private long topAge;
    private long clock;

    /// @param top the driver's directory
    /// @param removed an empty directory on the same file system, for trees that may come back
    LossyDisk(Path top, Path removed) {
        this.top = top;
        this.removed = removed;
    }

    /// A step was taken.
    void hear(String step) {
        try {
            switch (step) {
                case "sync" -> syncing.put(Thread.currentThread(), picture());
                case "synced" -> onDisk(java.util.Objects.requireNonNull(syncing.remove(Thread.currentThread())));
                case "published, not recorded" -> {
                    topNames = list(top);
                    topAge = ++clock;
                }
                case "put away" -> keepRemoved();
                default -> {}
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Picture picture() throws IOException {
        Picture picture = new Picture(new HashMap<>(), new HashMap<>(), ++clock);
        look(top, picture);
        return picture;
    }

    private void look(Path directory, Picture picture) throws IOException {
        Map<String, Long> entries = list(directory);
        picture.names().put(inode(directory), entries);
        for (Map.Entry<String, Long> entry : entries.entrySet()) {
            Path path = directory.resolve(entry.getKey());
            try {
                Fact fact = fact(path);
                picture.facts().put(entry.getValue(), fact);
                if (fact.directory()) {
                    look(path, picture);
                }
            } catch (NoSuchFileException _) {
                // Others work on it meanwhile.
            }
        }
    }

    private void onDisk(Picture picture) throws IOException {
        facts = picture.facts();
        names = picture.names();
        if (picture.age() > topAge) {
            topNames = picture.names().getOrDefault(inode(top), Map.of());
            topAge = picture.age();
        }
    }

    /// What is about to be removed for good is on the disk until a sync has covered that.
    private void keepRemoved() throws IOException {
        for (Map.Entry<String, Long> entry : list(top).entrySet()) {
            if (entry.getKey().startsWith("rm-") && kept.add(entry.getValue())) {
                link(top.resolve(entry.getKey()), removed.resolve(Long.toString(entry.getValue())));
            }
        }
    }

    /// The power is gone; nothing runs any more.
    void lose(Loss loss, Random random) throws IOException {
        Map<Long, String> oldNames = new HashMap<>();
        topNames.forEach((name, inode) -> oldNames.put(inode, name));
        Map<String, Long> now = list(top);
        for (Map.Entry<String, Long> entry : now.entrySet()) {
            Path path = top.resolve(entry.getKey());
            String old = oldNames.get(entry.getValue());
            if (old == null) {
                if (loss == Loss.EVERYTHING || (loss == Loss.ANYTHING && random.nextBoolean())) {
                    delete(path);
                } else {
                    damage(path, loss, random);
                }
            } else {
                Path at = top.resolve(old);
                if (!old.equals(entry.getKey()) && (loss != Loss.ANYTHING || random.nextBoolean())) {
                    Files.move(path, at);
                    path = at;
                }
                damage(path, loss, random);
            }
        }
        for (Map.Entry<String, Long> entry : topNames.entrySet()) {
            Path copy = removed.resolve(Long.toString(entry.getValue()));
            Path at = top.resolve(entry.getKey());
            boolean back = loss == Loss.EVERYTHING || (loss == Loss.ANYTHING && random.nextBoolean());
            if (!now.containsValue(entry.getValue()) && back && Files.exists(copy) && !Files.exists(at)) {
                Files.move(copy, at);
            }
        }
    }

    private void damage(Path directory, Loss loss, Random random) throws IOException {
        Map<String, Long> onDisk = names.getOrDefault(inode(directory), Map.of());
        for (Map.Entry<String, Long> entry : list(directory).entrySet()) {
            Path path = directory.resolve(entry.getKey());
            Fact fact = fact(path);
            boolean named = entry.getValue().equals(onDisk.get(entry.getKey()));
            boolean written = fact.equals(facts.get(entry.getValue()));
            int dice = loss == Loss.ANYTHING ? random.nextInt(3) : 0;
            if (!named && (loss == Loss.EVERYTHING || (loss == Loss.ANYTHING && dice == 0))) {
                delete(path);
            } else if (fact.directory()) {
                damage(path, loss, random);
            } else if ((!named || !written) && dice != 1 && Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS)) {
                Files.write(path, new byte[0]);
            }
        }
    }

    private static Map<String, Long> list(Path directory) throws IOException {
        Map<String, Long> entries = new HashMap<>();
        try (Stream<Path> list = Files.list(directory)) {
            for (Path path : (Iterable<Path>) list::iterator) {
                try {
                    entries.put(path.getFileName().toString(), inode(path));
                } catch (NoSuchFileException _) {
                    // Others work on it meanwhile.
                }
            }
        }
        return entries;
    }

    private static long inode(Path path) throws IOException {
        return (long) Files.getAttribute(path, "unix:ino", LinkOption.NOFOLLOW_LINKS);
    }

    private static Fact fact(Path path) throws IOException {
        BasicFileAttributes attributes =
                Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
        return new Fact(
                attributes.isDirectory(),
                attributes.isDirectory() ? 0 : attributes.size(),
                attributes.lastModifiedTime(),
                (FileTime) Files.getAttribute(path, "unix:ctime", LinkOption.NOFOLLOW_LINKS));
    }

    private static void link(Path from, Path to) throws IOException {
        try (Stream<Path> all = Files.walk(from)) {
            for (Path path : (Iterable<Path>) all::iterator) {
                Path at = to.resolve(from.relativize(path).toString());
                if (Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)) {
                    Files.createDirectories(at);
                } else {
                    Files.createLink(at, path);
                }
            }
        } catch (UncheckedIOException | NoSuchFileException _) {
            // Somebody else's removal of it is under way: it comes back in part.
        }
    }

    private static void delete(Path tree) throws IOException {
        try (Stream<Path> all = Files.walk(tree)) {
            for (Path path : List.copyOf(all.toList()).reversed()) {
                Files.delete(path);
            }
        }
    }
}
