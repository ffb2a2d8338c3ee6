package io.slipway.snapshotter.testing;

import io.slipway.linux.Attributes;
import io.slipway.linux.Dir;
import io.slipway.linux.Entry;
import io.slipway.linux.Errno;
import io.slipway.linux.FileHandle;
import io.slipway.linux.FileType;
import io.slipway.linux.LinuxException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;

/// A tree as text, one line per path (each byte one character), to compare and to read when a comparison fails.
public final class Trees {
    private Trees() {}

    /// Everything but times of the paths in `timeless`, which nobody promised.
    public static Map<String, String> of(Path root, String... timeless) throws IOException {
        Map<String, String> lines = new TreeMap<>();
        Map<Long, String> firstNames = new HashMap<>();
        try (Dir dir = Dir.openRoot(root)) {
            walk(dir, "", lines, firstNames, java.util.Set.of(timeless));
        }
        return lines;
    }

    private static void walk(
            Dir dir,
            String prefix,
            Map<String, String> lines,
            Map<Long, String> firstNames,
            java.util.Set<String> timeless)
            throws IOException {
        for (Entry entry : dir.list()) {
            String path = prefix + new String(entry.name(), StandardCharsets.ISO_8859_1);
            Attributes a = dir.stat(entry.name());
            String first = firstNames.computeIfAbsent(a.inode(), _ -> path);
            StringBuilder line = new StringBuilder()
                    .append(a.type())
                    .append(String.format(" %04o", a.mode()))
                    .append(" " + a.uid() + ":" + a.gid());
            if (!timeless.contains(path)) {
                line.append(" " + a.modified().seconds() + "." + a.modified().nanos());
            }
            if (a.type() == FileType.FILE) {
                line.append(" ").append(a.size()).append(" ").append(content(dir, entry.name()));
            } else if (a.type() == FileType.SYMLINK) {
                line.append(" -> ").append(new String(dir.readlink(entry.name()), StandardCharsets.ISO_8859_1));
            } else if (a.type() == FileType.CHARACTER_DEVICE || a.type() == FileType.BLOCK_DEVICE) {
                line.append(" ").append(a.rdev());
            }
            Map<String, String> xattrs = new TreeMap<>();
            for (byte[] name : dir.xattrs(entry.name())) {
                xattrs.put(new String(name, StandardCharsets.ISO_8859_1), value(dir, entry.name(), name));
            }
            line.append(xattrs.isEmpty() ? "" : " " + xattrs);
            line.append(!a.isDirectory() && !first.equals(path) ? " same inode as " + first : "");
            lines.put(path, line.toString());
            if (a.isDirectory()) {
                try (Dir child = dir.openChild(entry.name())) {
                    walk(child, path + "/", lines, firstNames, timeless);
                }
            }
        }
    }

    /// The kernel takes an empty `security.capability` and then will not give it out (EINVAL).
    private static String value(Dir dir, byte[] name, byte[] xattr) throws IOException {
        try {
            return new String(dir.xattr(name, xattr).orElse(new byte[0]), StandardCharsets.ISO_8859_1);
        } catch (LinuxException e) {
            if (e.errno() != Errno.EINVAL) {
                throw e;
            }
            return "not given out";
        }
    }

    private static String content(Dir dir, byte[] name) throws IOException {
        try (FileHandle file = dir.openFile(name)) {
            ByteBuffer bytes = ByteBuffer.allocate(1 << 16);
            java.security.MessageDigest digest = java.security.MessageDigest.getInstance("SHA-256");
            long at = 0;
            StringBuilder text = new StringBuilder();
            for (int n = file.read(bytes, at); n > 0; n = file.read(bytes.clear(), at)) {
                digest.update(bytes.array(), 0, n);
                if (at == 0 && n <= 40) {
                    text.append('"')
                            .append(new String(bytes.array(), 0, n, StandardCharsets.ISO_8859_1))
                            .append('"');
                }
                at += n;
            }
            return text.isEmpty() && at > 0
                    ? java.util.HexFormat.of().formatHex(digest.digest(), 0, 8)
                    : text.toString();
        } catch (java.security.NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
