package io.slipway.linux;

/// Constants of the kernel's interface to files, each with its header.
final class Flags {
    // asm-generic/fcntl.h; O_DIRECT, O_DIRECTORY and O_NOFOLLOW differ on arm64 (asm/fcntl.h there)
    static final int O_RDONLY = 0;
    static final int O_WRONLY = 1;
    static final int O_RDWR = 2;
    static final int O_CREAT = 0x40;
    static final int O_EXCL = 0x80;
    static final int O_NOCTTY = 0x100;
    static final int O_APPEND = 0x400;
    static final int O_NONBLOCK = 0x800;
    static final int O_DIRECT = Nr.ARM64 ? 0x10000 : 0x4000;
    static final int O_DIRECTORY = Nr.ARM64 ? 0x4000 : 0x10000;
    static final int O_NOFOLLOW = Nr.ARM64 ? 0x8000 : 0x20000;
    static final int O_CLOEXEC = 0x80000;
    static final int O_PATH = 0x200000;

    // linux/fcntl.h
    static final int AT_FDCWD = -100;
    static final int AT_SYMLINK_NOFOLLOW = 0x100;
    static final int AT_REMOVEDIR = 0x200;
    static final int AT_EMPTY_PATH = 0x1000;

    // linux/openat2.h
    static final long RESOLVE_NO_XDEV = 1;
    static final long RESOLVE_NO_MAGICLINKS = 2;
    static final long RESOLVE_NO_SYMLINKS = 4;
    static final long RESOLVE_IN_ROOT = 0x10;

    // linux/stat.h
    static final int STATX_BASIC_STATS = 0x7ff;

    // linux/fs.h
    static final int RENAME_NOREPLACE = 1;
    static final int SEEK_SET = 0;
    static final int SEEK_DATA = 3;
    static final int SEEK_HOLE = 4;
    static final int SYNC_FILE_RANGE_WRITE = 2;

    // linux/fadvise.h
    static final int POSIX_FADV_DONTNEED = 4;

    // linux/falloc.h
    static final int FALLOC_FL_KEEP_SIZE = 1;
    static final int FALLOC_FL_PUNCH_HOLE = 2;

    // linux/limits.h
    static final int PATH_MAX = 4096;
    static final int XATTR_NAME_MAX = 255;
    static final int XATTR_SIZE_MAX = 65536;
    static final int XATTR_LIST_MAX = 65536;

    private Flags() {}
}
