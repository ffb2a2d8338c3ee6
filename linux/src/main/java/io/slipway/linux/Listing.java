package io.slipway.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// The names of a directory, a batch at a time (getdents64(2), `struct linux_dirent64`).
final class Listing {
    private static final int INODE = 0;
    private static final int RECORD_LENGTH = 16;
    private static final int TYPE = 18;
    private static final int NAME = 19;

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
            return n == 0 ? Optional.empty() : Optional.of(batch(data, n));
        }
    }

    private static List<Entry> batch(MemorySegment data, long length) {
        List<Entry> batch = new ArrayList<>();
        long at = 0;
        while (at < length) {
            int record = Short.toUnsignedInt(data.get(JAVA_SHORT_UNALIGNED, at + RECORD_LENGTH));
            byte[] name = name(data, at + NAME, at + record);
            if (!isSelfOrParent(name)) {
                FileType type = FileType.ofEntry(Byte.toUnsignedInt(data.get(JAVA_BYTE, at + TYPE)));
                batch.add(new Entry(name, type, data.get(JAVA_LONG, at + INODE)));
            }
            at += record;
        }
        return batch;
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
