package io.slipway.cas.testkit;

import io.slipway.cas.Faults;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// A file system that keeps only what it was told to keep: it watches a store live on a real directory and
/// writes down, before each of its steps, what a power cut right then could leave.
///
/// What is kept for sure: the bytes and the length that a file had when it was synced, and the names that a
/// directory had when it was. Everything else - data, lengths, creations, renames, deletions, directories - may
/// be lost, each by itself and in any order. One thing is taken from the file systems there are: a rename is one
/// change, wholly there or not at all, and kept when either directory is synced. The database is taken as
/// SQLite promises it: committed is kept.
///
/// One step at a time: a step holds the lock from its announcement to its end, whatever thread it is in.
///
/// @param <T> what the story had been told when a cut came
public final class PowerCuts<T> implements Faults {

    private static final String DATABASE = "metadata.db";
    /// Unpacked into `tmp/` by the driver.
    private static final String SQLITE_LIBRARY = "sqlite-";

    private static final int PAGE = 4096;

    /// What becomes of that which was not synced.
    public enum Unsynced {
        /// All is lost.
        LOST,
        /// Names survive, the data of the files does not: they have their last synced bytes.
        NAMES,
        /// Names and lengths survive; bytes beyond the synced length are zeros.
        LENGTHS,
        /// Names and lengths survive; bytes beyond the synced length are anything.
        GARBAGE,
        /// Each change and each page survives or not, as it happens.
        SOME
    }

    /// A power cut before that step, and what it could leave.
    public record Cut<T>(int step, String before, T told, List<Left> left) {}

    /// The files of one outcome; a directory is an entry without bytes.
    public record Left(Unsynced unsynced, Map<String, byte[]> files, List<String> directories) {

        public void writeTo(Path root) throws IOException {
            Files.createDirectories(root);
            for (var directory : directories) {
                Files.createDirectory(root.resolve(directory));
            }
            for (var file : files.entrySet()) {
                Files.write(root.resolve(file.getKey()), file.getValue());
            }
        }

        public boolean sameAs(Left other) {
            return directories.equals(other.directories)
                    && files.keySet().equals(other.files.keySet())
                    && files.entrySet().stream()
                            .allMatch(file -> Arrays.equals(file.getValue(), other.files.get(file.getKey())));
        }
    }

    /// A file or directory, whatever its names.
    private static final class Node {
        private final boolean directory;
        private byte[] bytes = {};
        private byte[] synced = {};
        private Map<String, Node> names = new TreeMap<>();
        private final Map<String, Node> syncedNames = new TreeMap<>();
        private final Map<String, Long> syncedChanges = new HashMap<>();

        Node(boolean directory) {
            this.directory = directory;
        }
    }

    /// @param to null when the name goes
    private record Move(
            Node directory, String name, @Nullable Node to) {}

    /// What happened to the names of one node in one step.
    private record Change(long number, List<Move> moves) {
        boolean touches(Node directory) {
            return moves.stream().anyMatch(move -> move.directory() == directory);
        }
    }

    private final Path root;
    private final Supplier<T> told;
    private final Random random;
    private final ReentrantLock disk = new ReentrantLock();
    private final Condition stepped = disk.newCondition();

    // Guarded by disk.
    private final Node top = new Node(true);
    private Map<Long, Node> byInode = new HashMap<>();
    private List<Change> pending = new ArrayList<>();
    private final List<Cut<T>> cuts = new ArrayList<>();
    private Map<String, byte[]> database = Map.of();
    private boolean recording;
    private long changes;
    private int steps;

    /// @param told asked at each step, in the thread that makes it
    public PowerCuts(Path root, long seed, Supplier<T> told) {
        this.root = root;
        this.told = told;
        this.random = new Random(seed);
    }

    /// From now on steps are cut at.
    public PowerCuts<T> record() {
        disk.lock();
        try {
            recording = true;
            return this;
        } finally {
            disk.unlock();
        }
    }

    /// No step is cut at any more; what has been seen.
    public List<Cut<T>> stop() {
        disk.lock();
        try {
            recording = false;
            return List.copyOf(cuts);
        } finally {
            disk.unlock();
        }
    }

    /// Waits for a step after which that holds.
    public void await(BooleanSupplier condition) throws InterruptedException {
        disk.lockInterruptibly();
        try {
            while (!condition.getAsBoolean()) {
                stepped.await();
            }
        } finally {
            disk.unlock();
        }
    }

    @Override
    public void before(String step, String subject) {
        disk.lock();
        try {
            look();
            steps++;
            if (recording) {
                cut(step + " of " + root.relativize(Path.of(subject)));
            }
        } catch (IOException | RuntimeException e) {
            disk.unlock();
            throw new AssertionError(e);
        }
    }

    @Override
    public void after(String step, String subject) {
        try {
            look();
            var node = find(Path.of(subject));
            if (node != null && step.equals("sync")) {
                node.synced = node.bytes;
            } else if (node != null && step.equals("sync-dir")) {
                var stay = new ArrayList<Change>();
                for (var change : pending) {
                    if (change.touches(node)) {
                        change.moves().forEach(move -> keep(move, change.number()));
                    } else {
                        stay.add(change);
                    }
                }
                pending = stay;
            } else if (step.equals("commit") || step.equals("open")) {
                database = database();
            }
            stepped.signalAll();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            disk.unlock();
        }
    }

    private static void keep(Move move, long number) {
        if (move.directory().syncedChanges.getOrDefault(move.name(), -1L) < number) {
            move.directory().syncedChanges.put(move.name(), number);
            apply(move.directory().syncedNames, move);
        }
    }

    private static void apply(Map<String, Node> names, Move move) {
        if (move.to() == null) {
            names.remove(move.name());
        } else {
            names.put(move.name(), move.to());
        }
    }

    private @Nullable Node find(Path path) {
        Node node = top;
        for (var name : root.relativize(path)) {
            boolean itself = name.toString().isEmpty();
            node = node == null || itself ? node : node.names.get(name.toString());
        }
        return node;
    }

    // What has changed since the last look.

    private void look() throws IOException {
        var seen = new HashMap<Long, Node>();
        var moves = new IdentityHashMap<Node, List<Move>>();
        var order = new ArrayList<Node>();
        look(root, top, seen, moves, order);
        byInode = seen;
        for (var node : order) {
            pending.add(new Change(changes++, List.copyOf(Objects.requireNonNull(moves.get(node)))));
        }
    }

    private void look(Path path, Node directory, Map<Long, Node> seen, Map<Node, List<Move>> moves, List<Node> order)
            throws IOException {
        var now = new TreeMap<String, Node>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(path)) {
            for (var entry : entries) {
                var name = String.valueOf(entry.getFileName());
                if (!name.startsWith(DATABASE) && !name.startsWith(SQLITE_LIBRARY)) {
                    now.put(name, node(entry, seen));
                }
            }
        }
        directory.names.forEach((name, node) -> {
            if (!now.containsKey(name)) {
                move(node, new Move(directory, name, null), moves, order);
            }
        });
        now.forEach((name, node) -> {
            if (directory.names.get(name) != node) {
                move(node, new Move(directory, name, node), moves, order);
            }
        });
        directory.names = now;
        for (var entry : now.entrySet()) {
            if (entry.getValue().directory) {
                look(path.resolve(entry.getKey()), entry.getValue(), seen, moves, order);
            }
        }
    }

    private static void move(Node node, Move move, Map<Node, List<Move>> moves, List<Node> order) {
        moves.computeIfAbsent(node, _ -> {
                    order.add(node);
                    return new ArrayList<>();
                })
                .add(move);
    }

    private Node node(Path path, Map<Long, Node> seen) throws IOException {
        var inode = (Long) Files.getAttribute(path, "unix:ino", LinkOption.NOFOLLOW_LINKS);
        var known = byInode.get(inode);
        boolean directory = Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS);
        var node = known == null ? new Node(directory) : known;
        if (!directory) {
            var bytes = Files.readAllBytes(path);
            if (!Arrays.equals(bytes, node.bytes)) {
                node.bytes = bytes;
            }
        }
        seen.put(inode, node);
        return node;
    }

    private Map<String, byte[]> database() throws IOException {
        var files = new HashMap<String, byte[]>();
        for (var name : List.of(DATABASE, DATABASE + "-wal")) {
            if (Files.exists(root.resolve(name))) {
                files.put(name, Files.readAllBytes(root.resolve(name)));
            }
        }
        return files;
    }

    // What a cut leaves.

    private void cut(String before) {
        var left = new ArrayList<Left>();
        for (var unsynced : Unsynced.values()) {
            var outcome = outcome(unsynced);
            if (left.stream().noneMatch(outcome::sameAs)) {
                left.add(outcome);
            }
        }
        cuts.add(new Cut<>(steps, before, told.get(), left));
    }

    private Left outcome(Unsynced unsynced) {
        var names = new IdentityHashMap<Node, Map<String, Node>>();
        for (var change : pending) {
            if (survives(unsynced)) {
                for (var move : change.moves()) {
                    var later = move.directory().syncedChanges.getOrDefault(move.name(), -1L);
                    if (later < change.number()) {
                        apply(names.computeIfAbsent(move.directory(), node -> new TreeMap<>(node.syncedNames)), move);
                    }
                }
            }
        }
        var files = new TreeMap<String, byte[]>(database);
        var directories = new ArrayList<String>();
        collect(top, "", names, unsynced, files, directories);
        return new Left(unsynced, files, directories);
    }

    private boolean survives(Unsynced unsynced) {
        return switch (unsynced) {
            case LOST -> false;
            case NAMES, LENGTHS, GARBAGE -> true;
            case SOME -> random.nextBoolean();
        };
    }

    private void collect(
            Node directory,
            String path,
            Map<Node, Map<String, Node>> names,
            Unsynced unsynced,
            Map<String, byte[]> files,
            List<String> directories) {
        names.getOrDefault(directory, directory.syncedNames).forEach((name, node) -> {
            if (node.directory) {
                directories.add(path + name);
                collect(node, path + name + "/", names, unsynced, files, directories);
            } else {
                files.put(path + name, bytes(node, unsynced));
            }
        });
    }

    private byte[] bytes(Node node, Unsynced unsynced) {
        if (unsynced == Unsynced.LOST || unsynced == Unsynced.NAMES) {
            return node.synced;
        }
        var now = node.bytes;
        int length = unsynced == Unsynced.SOME && random.nextBoolean() ? node.synced.length : now.length;
        var left = Arrays.copyOf(node.synced, length);
        switch (unsynced) {
            case GARBAGE -> garble(left, node.synced.length);
            case SOME -> {
                for (int page = 0; page < Math.min(length, now.length); page += PAGE) {
                    if (random.nextBoolean()) {
                        System.arraycopy(now, page, left, page, Math.min(PAGE, Math.min(length, now.length) - page));
                    }
                }
            }
            case LENGTHS, LOST, NAMES -> {
                // The copy has zeros there.
            }
        }
        return left;
    }

    /// Blocks that were given to the file, and never written.
    private void garble(byte[] left, int from) {
        if (from < left.length) {
            var anything = new byte[left.length - from];
            random.nextBytes(anything);
            System.arraycopy(anything, 0, left, from, anything.length);
        }
    }
}
