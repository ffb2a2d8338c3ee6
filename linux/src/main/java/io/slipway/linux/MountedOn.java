package io.slipway.linux;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/// The mount that a path lies on, from `/proc/self/mountinfo` (proc(5)).
///
/// @param point where it is mounted
/// @param type of the file system
/// @param source the device, or whatever the mount was made from
public record MountedOn(Path point, String type, String source) {
    // Fields of a line; any number of optional ones stand before the separator.
    private static final int POINT = 4;
    private static final String SEPARATOR = " - ";

    /// Of an existing path; the one mounted last where several lie on each other.
    public static Optional<MountedOn> of(Path path) throws IOException {
        Path real = path.toRealPath();
        Optional<MountedOn> found = Optional.empty();
        String table = Files.readString(Path.of("/proc/self/mountinfo"), StandardCharsets.ISO_8859_1);
        for (String line : table.split("\n", -1)) {
            Optional<MountedOn> mount = parse(line);
            if (mount.isPresent() && real.startsWith(mount.get().point())) {
                boolean nearer = found.isEmpty()
                        || mount.get().point().getNameCount()
                                >= found.get().point().getNameCount();
                found = nearer ? mount : found;
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
        return Optional.of(new MountedOn(Path.of(plain(before[POINT])), plain(after[0]), plain(after[1])));
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
