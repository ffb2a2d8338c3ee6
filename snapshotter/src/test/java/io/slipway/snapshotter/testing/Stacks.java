package io.slipway.snapshotter.testing;

import io.slipway.snapshotter.testkit.LayerEntry;
import io.slipway.snapshotter.testkit.LayerEntry.Kind;
import io.slipway.snapshotter.testkit.Shown;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/// Stacks of the testkit as archives, and their trees in the words of [Trees].
public final class Stacks {
    private static final long SECOND = 1_000_000_000L;

    private Stacks() {}

    /// The archive of one layer.
    public static byte[] tar(List<LayerEntry> layer) {
        Tar tar = new Tar();
        for (LayerEntry entry : layer) {
            tar.add(item(entry));
        }
        return tar.end();
    }

    private static Tar.Item item(LayerEntry entry) {
        Tar.Item item = switch (entry.kind()) {
            case FILE -> Tar.file(entry.name(), entry.content());
            case DIRECTORY -> Tar.dir(entry.name() + "/");
            case SYMLINK -> Tar.symlink(entry.name(), entry.link());
            case HARD_LINK -> Tar.hardLink(entry.name(), entry.link());
            case FIFO -> Tar.item('6', entry.name());
            case WHITEOUT, OPAQUE -> Tar.whiteout(entry.name());
        };
        if (entry.kind() == Kind.WHITEOUT || entry.kind() == Kind.OPAQUE) {
            return item;
        }
        item.mode(entry.mode())
                .owner(entry.uid(), entry.gid())
                .pax("mtime", "%d.%09d".formatted(entry.mtimeNs() / SECOND, entry.mtimeNs() % SECOND));
        entry.xattrs()
                .forEach((name, value) ->
                        item.pax("SCHILY.xattr." + name, HexFormat.of().parseHex(value)));
        return item;
    }

    /// Names whose time nobody promised.
    public static String[] timeless(SortedMap<String, Shown> tree) {
        return tree.entrySet().stream()
                .filter(entry -> entry.getValue().mtimeNs() == Shown.UNPROMISED)
                .map(Map.Entry::getKey)
                .toArray(String[]::new);
    }

    /// As [Trees#of] with [#timeless] shows it.
    public static SortedMap<String, String> lines(SortedMap<String, Shown> tree) {
        SortedMap<String, String> lines = new TreeMap<>();
        tree.forEach((path, shown) -> lines.put(path, line(path, shown)));
        return lines;
    }

    private static String line(String path, Shown shown) {
        StringBuilder line = new StringBuilder()
                .append(shown.type())
                .append(" %04o %d:%d".formatted(shown.mode(), shown.uid(), shown.gid()));
        if (shown.mtimeNs() != Shown.UNPROMISED) {
            line.append(" ").append(shown.mtimeNs() / SECOND).append(".").append(shown.mtimeNs() % SECOND);
        }
        switch (shown.type()) {
            case FILE -> line.append(" %d \"%s\"".formatted(shown.content().length(), shown.content()));
            case SYMLINK -> line.append(" -> ").append(shown.content());
            case DIRECTORY, FIFO, HARD_LINK, WHITEOUT, OPAQUE -> {}
        }
        Map<String, String> xattrs = new TreeMap<>();
        shown.xattrs()
                .forEach((name, value) ->
                        xattrs.put(name, new String(HexFormat.of().parseHex(value), StandardCharsets.ISO_8859_1)));
        line.append(xattrs.isEmpty() ? "" : " " + xattrs);
        return line + (shown.sameAs().equals(path) ? "" : " same inode as " + shown.sameAs());
    }
}
