package io.slipway.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.lang.foreign.MemorySegment;

/// Subvolumes of btrfs, by ioctl(2) on the directory that holds them (`linux/btrfs.h`). A subvolume is a directory to
/// all other calls. Needs CAP_SYS_ADMIN to remove one; elsewhere than on btrfs everything fails with ENOTTY. Any
/// thread.
public final class Btrfs {
    /// What [FileSystemInfo#type] says of it.
    public static final String TYPE = "btrfs";

    /// `struct btrfs_ioctl_vol_args`, `..._vol_args_v2` and `..._ino_lookup_args` all have this size.
    private static final int ARGUMENTS_BYTES = 4096;

    // The kernel's numbers: direction, size of the argument, magic 0x94, number.
    private static final long IOC_SNAP_DESTROY = ioc(1, ARGUMENTS_BYTES, 15);
    private static final long IOC_INO_LOOKUP = ioc(3, ARGUMENTS_BYTES, 18);
    private static final long IOC_SNAP_CREATE_V2 = ioc(1, ARGUMENTS_BYTES, 23);
    private static final long IOC_SUBVOL_CREATE_V2 = ioc(1, ARGUMENTS_BYTES, 24);
    private static final long IOC_SUBVOL_GETFLAGS = ioc(2, Long.BYTES, 25);
    private static final long IOC_SUBVOL_SETFLAGS = ioc(1, Long.BYTES, 26);

    private static final long SUBVOL_RDONLY = 2;

    /// The inode number of every subvolume's top directory.
    private static final long FIRST_FREE_OBJECTID = 256;

    // struct btrfs_ioctl_vol_args: s64 fd, char name[4088]
    private static final int V1_NAME = 8;
    // struct btrfs_ioctl_vol_args_v2: s64 fd, u64 transid, u64 flags, u64 unused[4], char name[4040]
    private static final int V2_FLAGS = 16;
    private static final int V2_NAME = 56;

    private static final int NAME_MAX = 255;

    private Btrfs() {}

    private static long ioc(long direction, long size, long number) {
        return direction << 30 | size << 16 | 0x94 << 8 | number;
    }

    /// Makes an empty subvolume `name` in `parent`.
    public static void createSubvolume(Dir parent, byte[] name) throws IOException {
        on(parent, (s, fd) -> {
            MemorySegment arguments = arguments(s, V2_NAME, parent, name);
            ioctl(s, fd, IOC_SUBVOL_CREATE_V2, arguments, "create subvolume", parent.subject(name));
        });
    }

    /// Makes `name` in `parent` a snapshot of the subvolume `source`; costs the same however large that is.
    public static void snapshot(Dir source, Dir parent, byte[] name, boolean readOnly) throws IOException {
        on(
                source,
                (_, sourceFd) -> on(parent, (s, fd) -> {
                    MemorySegment arguments = arguments(s, V2_NAME, parent, name);
                    arguments.set(JAVA_LONG, 0, sourceFd);
                    arguments.set(JAVA_LONG, V2_FLAGS, readOnly ? SUBVOL_RDONLY : 0);
                    ioctl(s, fd, IOC_SNAP_CREATE_V2, arguments, "snapshot subvolume", parent.subject(name));
                }));
    }

    /// Removes the subvolume `name`, whatever it holds; its space comes back in the background. ENOTEMPTY when other
    /// subvolumes lie in it.
    public static void removeSubvolume(Dir parent, byte[] name) throws IOException {
        on(parent, (s, fd) -> {
            MemorySegment arguments = arguments(s, V1_NAME, parent, name);
            ioctl(s, fd, IOC_SNAP_DESTROY, arguments, "remove subvolume", parent.subject(name));
        });
    }

    /// The number by which `subvolid=` mounts it. ENOTTY when the directory is not on btrfs.
    public static long subvolumeId(Dir subvolume) throws IOException {
        long[] id = new long[1];
        on(subvolume, (s, fd) -> {
            MemorySegment arguments = s.data().asSlice(0, ARGUMENTS_BYTES).fill((byte) 0);
            arguments.set(JAVA_LONG, 8, FIRST_FREE_OBJECTID);
            ioctl(s, fd, IOC_INO_LOOKUP, arguments, "number of subvolume", subvolume.subject());
            id[0] = arguments.get(JAVA_LONG, 0);
        });
        return id[0];
    }

    /// Whether the directory is the top of a subvolume.
    public static boolean isSubvolume(Dir directory) throws IOException {
        return directory.stat(new byte[] {'.'}).inode() == FIRST_FREE_OBJECTID;
    }

    /// Makes a subvolume read-only for everybody, root included, or writable again.
    public static void setReadOnly(Dir subvolume, boolean readOnly) throws IOException {
        on(subvolume, (s, fd) -> {
            MemorySegment flags = s.struct.asSlice(0, Long.BYTES);
            ioctl(s, fd, IOC_SUBVOL_GETFLAGS, flags, "flags of subvolume", subvolume.subject());
            long before = flags.get(JAVA_LONG, 0);
            long after = readOnly ? before | SUBVOL_RDONLY : before & ~SUBVOL_RDONLY;
            if (after != before) {
                flags.set(JAVA_LONG, 0, after);
                ioctl(s, fd, IOC_SUBVOL_SETFLAGS, flags, "flags of subvolume", subvolume.subject());
            }
        });
    }

    private interface Work {
        void run(Scratch s, int fd) throws IOException;
    }

    /// ioctl(2) refuses descriptors that were opened with O_PATH.
    private static void on(Dir dir, Work work) throws IOException {
        try (Dir open = Listing.open(dir);
                Scratch s = Scratch.take()) {
            work.run(s, open.fd());
        }
    }

    private static MemorySegment arguments(Scratch s, int nameAt, Dir parent, byte[] name) throws IOException {
        // For what it refuses.
        long _ = s.name(parent, name);
        if (name.length > NAME_MAX) {
            throw new LinuxException("ioctl", parent.subject(name), Errno.ENAMETOOLONG);
        }
        MemorySegment arguments = s.data().asSlice(0, ARGUMENTS_BYTES).fill((byte) 0);
        MemorySegment.copy(name, 0, arguments, JAVA_BYTE, nameAt, name.length);
        return arguments;
    }

    private static void ioctl(Scratch s, int fd, long request, MemorySegment argument, String what, String subject)
            throws LinuxException {
        long done = Sys.call(s, Nr.IOCTL, fd, request, argument.address());
        s.check(done, "ioctl, " + what + ":", subject);
    }
}
