package io.slipway.linux;

/// Numbers of the system calls: x86-64 from `asm/unistd_64.h`, arm64 from `asm-generic/unistd.h`. Those from 424 on
/// are the same everywhere.
final class Nr {
    static final boolean ARM64 = switch (System.getProperty("os.arch", "")) {
        case "amd64" -> false;
        case "aarch64" -> true;
        default -> throw new UnsatisfiedLinkError("no system call numbers for " + System.getProperty("os.arch"));
    };

    // Descriptors and data.
    static final long READ = of(0, 63);
    static final long WRITE = of(1, 64);
    static final long CLOSE = of(3, 57);
    static final long LSEEK = of(8, 62);
    static final long PREAD64 = of(17, 67);
    static final long PWRITE64 = of(18, 68);
    static final long IOCTL = of(16, 29);
    static final long FCNTL = of(72, 25);
    static final long FLOCK = of(73, 32);
    static final long FSYNC = of(74, 82);
    static final long FDATASYNC = of(75, 83);
    static final long FTRUNCATE = of(77, 46);
    static final long SYNC_FILE_RANGE = of(277, 84);
    static final long FADVISE64 = of(221, 223);
    static final long FALLOCATE = of(285, 47);
    static final long SYNCFS = of(306, 267);
    static final long COPY_FILE_RANGE = of(326, 285);
    static final long PIPE2 = of(293, 59);

    // Names.
    static final long OPENAT = of(257, 56);
    static final long MKDIRAT = of(258, 34);
    static final long MKNODAT = of(259, 33);
    static final long FCHOWNAT = of(260, 54);
    static final long UNLINKAT = of(263, 35);
    static final long LINKAT = of(265, 37);
    static final long SYMLINKAT = of(266, 36);
    static final long READLINKAT = of(267, 78);
    static final long FCHMODAT = of(268, 53);
    static final long UTIMENSAT = of(280, 88);
    static final long RENAMEAT2 = of(316, 276);
    static final long STATX = of(332, 291);
    static final long GETDENTS64 = of(217, 61);
    static final long OPENAT2 = 437;
    static final long FCHMODAT2 = 452;

    // Attributes.
    static final long FCHMOD = of(91, 52);
    static final long FCHOWN = of(93, 55);
    static final long SETXATTR = of(188, 5);
    static final long FSETXATTR = of(190, 7);
    static final long GETXATTR = of(191, 8);
    static final long FGETXATTR = of(193, 10);
    static final long LISTXATTR = of(194, 11);
    static final long REMOVEXATTR = of(197, 14);
    static final long SETXATTRAT = 463;
    static final long GETXATTRAT = 464;
    static final long LISTXATTRAT = 465;
    static final long REMOVEXATTRAT = 466;
    static final long STATFS = of(137, 43);
    static final long FSTATFS = of(138, 44);

    // Mounts.
    static final long MOUNT = of(165, 40);
    static final long UMOUNT2 = of(166, 39);
    static final long OPEN_TREE = 428;
    static final long MOVE_MOUNT = 429;
    static final long FSOPEN = 430;
    static final long FSCONFIG = 431;
    static final long FSMOUNT = 432;
    static final long MOUNT_SETATTR = 442;

    static final long UNSHARE = of(272, 97);
    static final long CHDIR = of(80, 49);

    // Processes.
    static final long GETEUID = of(107, 175);
    static final long GETEGID = of(108, 177);
    static final long KILL = of(62, 129);
    static final long WAITID = of(247, 95);
    static final long PRLIMIT64 = of(302, 261);
    static final long PIDFD_SEND_SIGNAL = 424;
    static final long PIDFD_OPEN = 434;

    // Readiness and sockets.
    static final long EPOLL_CTL = of(233, 21);
    static final long EPOLL_PWAIT = of(281, 22);
    static final long EVENTFD2 = of(290, 19);
    static final long EPOLL_CREATE1 = of(291, 20);
    static final long PPOLL = of(271, 73);
    static final long SOCKET = of(41, 198);
    static final long CONNECT = of(42, 203);
    static final long SENDTO = of(44, 206);

    private Nr() {}

    private static long of(int x86, int arm) {
        return ARM64 ? arm : x86;
    }
}
