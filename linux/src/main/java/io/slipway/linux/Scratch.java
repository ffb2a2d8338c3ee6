package io.slipway.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/// The memory of one system call at a time: where errno is captured, room for names, structures and small data.
///
/// Allocating and zeroing native memory for each call would cost more than many calls do, so these are kept: one slot
/// per hash of the thread, taken with one atomic exchange. A thread that finds its slot empty gets a new one; one
/// that finds it full on return drops its own to the garbage collector. Not thread-bound, so that virtual threads, of
/// which there may be any number, keep none. At most [#SLOTS] idle ones exist (about 13 KiB each, 78 KiB once used
/// for data).
final class Scratch implements AutoCloseable {
    /// A power of two, above the number of threads that are in a call at the same time on most machines.
    private static final int SLOTS = 32;

    private static final AtomicReferenceArray<@Nullable Scratch> IDLE = new AtomicReferenceArray<>(SLOTS);

    /// Bytes of [#data]: an extended attribute's longest value, and a batch of directory entries.
    static final int DATA_BYTES = Flags.XATTR_SIZE_MAX;

    /// Room for structures: statx(2) 256 bytes is the largest.
    private static final int STRUCT_BYTES = 512;

    private static final int NAME_BYTES = Flags.PATH_MAX + 1;

    /// Where the linker leaves errno, its only field (`Linker.Option.captureStateLayout`).
    final MemorySegment capture;

    /// For structures in and out.
    final MemorySegment struct;

    private final MemorySegment name1;
    private final MemorySegment name2;
    private @Nullable MemorySegment data;
    private int slot;

    private Scratch() {
        MemorySegment all = Arena.ofAuto().allocate(16 + STRUCT_BYTES + 2L * NAME_BYTES + 16, 16);
        capture = all.asSlice(0, 16);
        struct = all.asSlice(16, STRUCT_BYTES);
        name1 = all.asSlice(16 + STRUCT_BYTES, NAME_BYTES);
        name2 = all.asSlice(16 + STRUCT_BYTES + NAME_BYTES, NAME_BYTES);
    }

    static Scratch take() {
        int slot = (int) Thread.currentThread().threadId() & (SLOTS - 1);
        Scratch idle = IDLE.getAndSet(slot, null);
        Scratch taken = idle == null ? new Scratch() : idle;
        taken.slot = slot;
        return taken;
    }

    @Override
    public void close() {
        IDLE.setRelease(slot, this);
    }

    int errno() {
        return capture.get(JAVA_INT, 0);
    }

    boolean failedWith(Errno errno) {
        return errno() == errno.number();
    }

    /// Room for [#DATA_BYTES].
    MemorySegment data() {
        MemorySegment d = data;
        if (d == null) {
            d = Arena.ofAuto().allocate(DATA_BYTES, 16);
            data = d;
        }
        return d;
    }

    /// The address of a NUL-terminated copy of a child's name. See [Dir] for what a name may be.
    long name(Descriptor dir, byte[] name) throws LinuxException {
        checkName(dir, name);
        return text(name1, name);
    }

    /// As [#name], in a second place.
    long secondName(Descriptor dir, byte[] name) throws LinuxException {
        checkName(dir, name);
        return text(name2, name);
    }

    /// The address of a NUL-terminated copy of a path or other text without NUL.
    long path(byte[] path) throws LinuxException {
        checkPath(path);
        return text(name1, path);
    }

    /// As [#path], in the second place.
    long secondPath(byte[] path) throws LinuxException {
        checkPath(path);
        return text(name2, path);
    }

    long path(String path) throws LinuxException {
        return path(path.getBytes(StandardCharsets.UTF_8));
    }

    /// A NUL-terminated copy of `text` in [#data] at `offset`.
    long text(int offset, String text) throws LinuxException {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        checkPath(bytes);
        return text(data().asSlice(offset), bytes);
    }

    /// The way to an open descriptor, for calls that take only paths.
    long pathOf(int fd) {
        return text(name1, ("/proc/self/fd/" + fd).getBytes(StandardCharsets.US_ASCII));
    }

    LinuxException failure(String call, String subject) {
        return new LinuxException(call, subject, errno());
    }

    LinuxException failure(String call, Descriptor dir, byte[] name) {
        return new LinuxException(call, dir.subject(name), errno());
    }

    /// Passes a result on, or throws what the kernel said.
    long check(long result, String call, Descriptor dir, byte[] name) throws LinuxException {
        if (result < 0) {
            throw failure(call, dir, name);
        }
        return result;
    }

    long check(long result, String call, Descriptor on) throws LinuxException {
        if (result < 0) {
            throw failure(call, on.subject());
        }
        return result;
    }

    long check(long result, String call, String subject) throws LinuxException {
        if (result < 0) {
            throw failure(call, subject);
        }
        return result;
    }

    private static long text(MemorySegment place, byte[] bytes) {
        MemorySegment.copy(bytes, 0, place, JAVA_BYTE, 0, bytes.length);
        place.set(JAVA_BYTE, bytes.length, (byte) 0);
        return place.address();
    }

    private static void checkPath(byte[] path) throws LinuxException {
        if (path.length >= Flags.PATH_MAX) {
            throw new LinuxException("path", shown(path), Errno.ENAMETOOLONG);
        }
        for (byte b : path) {
            if (b == 0) {
                throw new LinuxException("path", shown(path), Errno.EINVAL);
            }
        }
    }

    private static void checkName(Descriptor dir, byte[] name) throws LinuxException {
        if (name.length >= Flags.PATH_MAX) {
            throw new LinuxException("name", dir.subject(name), Errno.ENAMETOOLONG);
        }
        if (name.length == 0 || (name.length == 2 && name[0] == '.' && name[1] == '.')) {
            throw new LinuxException("name", dir.subject(name), Errno.EINVAL);
        }
        for (byte b : name) {
            if (b == 0 || b == '/') {
                throw new LinuxException("name", dir.subject(name), Errno.EINVAL);
            }
        }
    }

    private static String shown(byte[] path) {
        return new String(path, 0, Math.min(path.length, 300), StandardCharsets.UTF_8);
    }
}
