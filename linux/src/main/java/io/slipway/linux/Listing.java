package io.slipway.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;

/// The names of a directory, a batch at a time (getdents64(2), `struct linux_dirent64`).
final class Listing {
    private static final int INODE = 0;
    private static final int OFFSET = 8;
    private static final int RECORD_LENGTH = 16;
    private static final int TYPE = 18;
    private static final int NAME = 19;

    /// A record with a name of 255 bytes (NAME_MAX) and its NUL, aligned to 8.
    private static final int RECORD_BYTES_MAX = 280;

    private Listing() {}

    /// Opens for listing; what we hold of a directory otherwise (O_PATH) can't be listed.
    static Dir open(Dir dir) throws IOException {
        try (Scratch s = Scratch.take()) {
            int flags = Flags.O_RDONLY | Flags.O_DIRECTORY | Flags.O_CLOEXEC;
            long fd = s.check(Sys.call(s, Nr.OPENAT, dir.fd(), s.path("."), flags), "openat", dir);
            return new Dir((int) fd, dir.subject());
        }
    }

    /// The next names, without `.` and `..` (so perhaps none), or nothing at the end.
    static Optional<List<Entry>> next(Dir listed) throws IOException {
        try (Scratch s = Scratch.take()) {
            MemorySegment data = s.data();
            long n = Sys.call(s, Nr.GETDENTS64, listed.fd(), data.address(), Scratch.DATA_BYTES);
            s.check(n, "getdents64", listed);
            if (n == 0) {
                return Optional.empty();
            }
            List<Entry> batch = new ArrayList<>();
            long at = 0;
            while (at < n) {
                at += add(data, at, batch);
            }
            return Optional.of(batch);
        }
    }

    /// Adds the names from `position` on, `max` at most and none only at the end.
    ///
    /// @param position 0, or what an earlier call returned
    /// @return where to go on
    static long from(Dir listed, long position, int max, Collection<Entry> batch) throws IOException {
        try (Scratch s = Scratch.take()) {
            s.check(Sys.call(s, Nr.LSEEK, listed.fd(), position, Flags.SEEK_SET), "lseek", listed);
            MemorySegment data = s.data();
            int room = Math.min(Scratch.DATA_BYTES, max * RECORD_BYTES_MAX);
            long next = position;
            while (batch.isEmpty()) {
                long n = Sys.call(s, Nr.GETDENTS64, listed.fd(), data.address(), room);
                s.check(n, "getdents64", listed);
                if (n == 0) {
                    return next;
                }
                for (long at = 0; at < n && batch.size() < max; ) {
                    next = data.get(JAVA_LONG, at + OFFSET);
                    at += add(data, at, batch);
                }
            }
            return next;
        }
    }

    /// Adds the name of the record at `at`, unless `.` or `..`.
    ///
    /// @return bytes of the record
    private static int add(MemorySegment data, long at, Collection<Entry> batch) {
        int record = Short.toUnsignedInt(data.get(JAVA_SHORT_UNALIGNED, at + RECORD_LENGTH));
        byte[] name = name(data, at + NAME, at + record);
        if (!isSelfOrParent(name)) {
            FileType type = FileType.ofEntry(Byte.toUnsignedInt(data.get(JAVA_BYTE, at + TYPE)));
            batch.add(new Entry(name, type, data.get(JAVA_LONG, at + INODE)));
        }
        return record;
    }

    private static byte[] name(MemorySegment data, long start, long end) {
        long nul = start;
        while (nul < end && data.get(JAVA_BYTE, nul) != 0) {
            nul++;
        }
        return data.asSlice(start, nul - start).toArray(JAVA_BYTE);
    }

    private static boolean isSelfOrParent(byte[] name) {
        return name[0] == '.' && (name.length == 1 || (name.length == 2 && name[1] == '.'));
    }
}
