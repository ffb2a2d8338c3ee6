package io.slipway.linux;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/// The mount points of this process's namespace, from `/proc/self/mountinfo` (proc(5)), as bytes.
final class MountTable {
    private static final int MOUNT_POINT_FIELD = 4;

    private MountTable() {}

    static List<byte[]> read() throws IOException {
        return parse(Files.readAllBytes(Path.of("/proc/self/mountinfo")));
    }

    /// Those at or below a path, outermost first; of several on one point the lowest first.
    static List<byte[]> under(List<byte[]> all, Path path) {
        byte[] prefix = path.toString().getBytes(StandardCharsets.UTF_8);
        List<byte[]> found = new ArrayList<>();
        for (byte[] point : all) {
            if (isAtOrBelow(point, prefix)) {
                found.add(point);
            }
        }
        found.sort(Comparator.comparingInt(point -> point.length));
        return found;
    }

    private static boolean isAtOrBelow(byte[] point, byte[] prefix) {
        int n = prefix.length;
        if (n == 1) {
            return true;
        }
        return point.length >= n && Arrays.equals(point, 0, n, prefix, 0, n) && (point.length == n || point[n] == '/');
    }

    static List<byte[]> parse(byte[] mountinfo) {
        List<byte[]> points = new ArrayList<>();
        int field = 0;
        ByteArrayOutputStream point = new ByteArrayOutputStream();
        for (int i = 0; i < mountinfo.length; i++) {
            byte b = mountinfo[i];
            if (b == '\n') {
                points.add(point.toByteArray());
                point.reset();
                field = 0;
            } else if (b == ' ') {
                field++;
            } else if (field == MOUNT_POINT_FIELD) {
                if (b == '\\' && isOctal(mountinfo, i + 1)) {
                    point.write((mountinfo[i + 1] - '0') << 6 | (mountinfo[i + 2] - '0') << 3 | mountinfo[i + 3] - '0');
                    i += 3;
                } else {
                    point.write(b);
                }
            }
        }
        return points;
    }

    /// Blank, tab, newline and backslash are shown as a backslash and three octal digits.
    private static boolean isOctal(byte[] bytes, int at) {
        if (at + 3 > bytes.length) {
            return false;
        }
        for (int i = at; i < at + 3; i++) {
            if (bytes[i] < '0' || bytes[i] > '7') {
                return false;
            }
        }
        return true;
    }
}
