package io.slipway.daemon.lab;

import io.slipway.linux.Attributes;
import io.slipway.linux.Dir;
import io.slipway.linux.Entry;
import io.slipway.linux.FileHandle;
import io.slipway.linux.FileType;
import io.slipway.snapshotter.testkit.LayerEntry;
import io.slipway.snapshotter.testkit.Shown;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;

/// Every attribute of every file below a directory, as comparable text: type, owner, mode, modification time
/// to the nanosecond, device numbers, extended attributes, link target, content, and which names are one file.
/// The number of links is left out on purpose (overlayfs takes it from the lower layer); names sharing an
/// inode are compared instead.
public final class TreeDump {
    private static final int BUFFER = 1 << 16;
    private static final long SECOND = 1_000_000_000L;
    private static final byte[] SELF = {'.'};

    /// What is said of a name that a listing has and nothing can find: a whiteout in a directory of overlayfs that
    /// merges with nothing, unless who made it saw to that.
    public static final String LISTED_ONLY = "listed, but not there";

    private final SortedMap<String, String> lines = new TreeMap<>();
    private final Map<String, List<String>> names = new TreeMap<>();
    private final ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER);

    private TreeDump() {}

    /// One line per file below `root`, keyed by its name (bytes outside printable ASCII as `\xNN`); the root
    /// itself is
    /// `.`.
    public static SortedMap<String, String> of(Path root) throws IOException {
        TreeDump dump = new TreeDump();
        try (Dir directory = Dir.openRoot(root)) {
            dump.add(".", directory, SELF);
            dump.walk("", directory);
        }
        Collection<List<String>> groups =
                dump.names.values().stream().filter(group -> group.size() > 1).toList();
        for (List<String> group : groups) {
            for (String name : group) {
                dump.lines.merge(name, " same-as=" + group.getFirst(), String::concat);
            }
        }
        return dump.lines;
    }

    private void walk(String prefix, Dir directory) throws IOException {
        for (Entry entry : directory.list()) {
            String name = prefix + printable(entry.name());
            if (directory.find(entry.name()).isEmpty()) {
                lines.put(name, LISTED_ONLY);
                continue;
            }
            add(name, directory, entry.name());
            if (directory.stat(entry.name()).isDirectory()) {
                try (Dir child = directory.openChild(entry.name())) {
                    walk(name + "/", child);
                }
            }
        }
    }

    private void add(String name, Dir directory, byte[] entry) throws IOException {
        Attributes a = directory.stat(entry);
        StringBuilder line = new StringBuilder("%s mode=%o owner=%d:%d mtime=%d.%09d"
                .formatted(
                        a.type(),
                        a.mode(),
                        a.uid(),
                        a.gid(),
                        a.modified().seconds(),
                        a.modified().nanos()));
        switch (a.type()) {
            case FILE -> {
                line.append(" size=").append(a.size()).append(" sha256=").append(content(directory, entry));
            }
            case SYMLINK -> line.append(" target=").append(printable(directory.readlink(entry)));
            case CHARACTER_DEVICE, BLOCK_DEVICE ->
                line.append(" rdev=")
                        .append(a.rdev().major())
                        .append(':')
                        .append(a.rdev().minor());
            case DIRECTORY, FIFO, SOCKET, UNKNOWN -> {}
        }
        SortedMap<String, String> xattrs = new TreeMap<>();
        for (byte[] attribute : directory.xattrs(entry)) {
            byte[] value = directory.xattr(entry, attribute).orElseThrow();
            xattrs.put(printable(attribute), HexFormat.of().formatHex(value));
        }
        if (!xattrs.isEmpty()) {
            line.append(" xattrs=").append(xattrs);
        }
        lines.put(name, line.toString());
        if (a.type() != FileType.DIRECTORY) {
            names.computeIfAbsent(a.device() + ":" + a.inode(), _ -> new ArrayList<>())
                    .add(name);
        }
    }

    private String content(Dir directory, byte[] entry) throws IOException {
        try (FileHandle file = directory.openFile(entry)) {
            MessageDigest sha256 = MessageDigest.getInstance("SHA-256");
            long position = 0;
            for (int n = file.read(buffer.clear(), position); n > 0; n = file.read(buffer.clear(), position)) {
                sha256.update(buffer.flip());
                position += n;
            }
            return HexFormat.of().formatHex(sha256.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    private static String printable(byte[] text) {
        StringBuilder shown = new StringBuilder();
        for (byte b : text) {
            if (b > 0x20 && b < 0x7F && b != '\\') {
                shown.append((char) b);
            } else {
                shown.append("\\x").append(HexFormat.of().toHexDigits(b));
            }
        }
        return shown.toString();
    }

    /// The tree that a model expects, in the same words; where it promises no time of a name, none is said.
    public static SortedMap<String, String> of(SortedMap<String, Shown> tree) {
        Map<String, Long> sharing = tree.values().stream()
                .filter(shown -> shown.type() != LayerEntry.Kind.DIRECTORY)
                .collect(Collectors.groupingBy(Shown::sameAs, Collectors.counting()));
        SortedMap<String, String> lines = new TreeMap<>();
        tree.forEach((name, shown) -> lines.put(name, line(shown, sharing)));
        return lines;
    }

    private static String line(Shown shown, Map<String, Long> sharing) {
        StringBuilder line = new StringBuilder(
                "%s mode=%o owner=%d:%d".formatted(shown.type(), shown.mode(), shown.uid(), shown.gid()));
        if (shown.mtimeNs() != Shown.UNPROMISED) {
            line.append(" mtime=%d.%09d".formatted(shown.mtimeNs() / SECOND, shown.mtimeNs() % SECOND));
        }
        byte[] content = shown.content().getBytes(StandardCharsets.US_ASCII);
        switch (shown.type()) {
            case FILE ->
                line.append(" size=").append(content.length).append(" sha256=").append(sha256(content));
            case SYMLINK -> line.append(" target=").append(printable(content));
            case DIRECTORY, FIFO, HARD_LINK, WHITEOUT, OPAQUE -> {}
        }
        if (!shown.xattrs().isEmpty()) {
            line.append(" xattrs=").append(shown.xattrs());
        }
        return sharing.getOrDefault(shown.sameAs(), 1L) > 1 ? line + " same-as=" + shown.sameAs() : line.toString();
    }

    private static String sha256(byte[] content) {
        return LabImage.digest(content).substring("sha256:".length());
    }

    /// How two trees differ, one line per difference, empty when they don't.
    public static List<String> differences(
            String leftName, SortedMap<String, String> left, String rightName, SortedMap<String, String> right) {
        List<String> found = new ArrayList<>();
        SortedMap<String, String> all = new TreeMap<>(left);
        all.putAll(right);
        for (String name : all.keySet()) {
            String l = left.getOrDefault(name, "absent");
            String r = right.getOrDefault(name, "absent");
            if (!l.equals(r)) {
                found.add("%s%n  %s: %s%n  %s: %s".formatted(name, leftName, l, rightName, r));
            }
        }
        return found;
    }

    /// The bytes of a name as [#of] shows them, for looking one up.
    public static String key(String name) {
        return printable(name.getBytes(StandardCharsets.UTF_8));
    }
}
