package io.slipway.linux;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/// The mount that a path lies on, from `/proc/self/mountinfo` (proc(5)).
///
/// @param root the directory of that file system that is seen at the mount point
/// @param point where it is mounted
/// @param type of the file system
/// @param source the device, or whatever the mount was made from
/// @param options of the file system, such as `upperdir=...`
public record MountedOn(String root, Path point, String type, String source, List<String> options) {
    // Fields of a line; any number of optional ones stand before the separator.
    private static final int ROOT = 3;
    private static final int POINT = 4;
    private static final int OPTIONS_AFTER = 2;
    private static final String SEPARATOR = " - ";

    /// All of this process's namespace, in the order in which they were mounted.
    public static List<MountedOn> all() throws IOException {
        List<MountedOn> all = new ArrayList<>();
        for (String line : table().split("\n", -1)) {
            parse(line).ifPresent(all::add);
        }
        return all;
    }

    private static String table() throws IOException {
        return Files.readString(Path.of("/proc/self/mountinfo"), StandardCharsets.ISO_8859_1);
    }

    /// Of an existing path; the one mounted last where several lie on each other.
    public static Optional<MountedOn> of(Path path) throws IOException {
        Path real = path.toRealPath();
        Optional<MountedOn> found = Optional.empty();
        for (MountedOn mount : all()) {
            if (real.startsWith(mount.point())) {
                boolean nearer = found.isEmpty()
                        || mount.point().getNameCount() >= found.get().point().getNameCount();
                found = nearer ? Optional.of(mount) : found;
            }
        }
        return found;
    }

    static Optional<MountedOn> parse(String line) {
        int separator = line.indexOf(SEPARATOR);
        if (separator < 0) {
            return Optional.empty();
        }
        String[] before = line.substring(0, separator).split(" ", -1);
        String[] after = line.substring(separator + SEPARATOR.length()).split(" ", -1);
        if (before.length <= POINT || after.length < 2) {
            return Optional.empty();
        }
        List<String> options = after.length > OPTIONS_AFTER
                ? Stream.of(after[OPTIONS_AFTER].split(",", -1))
                        .map(MountedOn::plain)
                        .toList()
                : List.of();
        return Optional.of(new MountedOn(
                plain(before[ROOT]), Path.of(plain(before[POINT])), plain(after[0]), plain(after[1]), options));
    }

    /// Blank, tab, newline and backslash are shown as a backslash and three octal digits.
    private static String plain(String shown) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        for (int i = 0; i < shown.length(); i++) {
            char c = shown.charAt(i);
            if (c == '\\'
                    && i + 3 < shown.length()
                    && shown.substring(i + 1, i + 4).matches("[0-7]{3}")) {
                bytes.write(Integer.parseInt(shown.substring(i + 1, i + 4), 8));
                i += 3;
            } else {
                bytes.write(c);
            }
        }
        return bytes.toString(StandardCharsets.UTF_8);
    }
}
