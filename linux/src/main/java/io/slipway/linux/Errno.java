package io.slipway.linux;

/// The kernel's error numbers by name (`asm-generic/errno-base.h`, `asm-generic/errno.h`; the same on x86-64 and
/// arm64). Numbers that nobody here tells apart are [#OTHER].
public enum Errno {
    EPERM(1),
    ENOENT(2),
    ESRCH(3),
    EINTR(4),
    EIO(5),
    ENXIO(6),
    E2BIG(7),
    ENOEXEC(8),
    EBADF(9),
    ECHILD(10),
    EAGAIN(11),
    ENOMEM(12),
    EACCES(13),
    EFAULT(14),
    ENOTBLK(15),
    EBUSY(16),
    EEXIST(17),
    EXDEV(18),
    ENODEV(19),
    ENOTDIR(20),
    EISDIR(21),
    EINVAL(22),
    ENFILE(23),
    EMFILE(24),
    ENOTTY(25),
    ETXTBSY(26),
    EFBIG(27),
    ENOSPC(28),
    ESPIPE(29),
    EROFS(30),
    EMLINK(31),
    EPIPE(32),
    ERANGE(34),
    EDEADLK(35),
    ENAMETOOLONG(36),
    ENOSYS(38),
    ENOTEMPTY(39),
    ELOOP(40),
    ENODATA(61),
    EOVERFLOW(75),
    EOPNOTSUPP(95),
    EADDRINUSE(98),
    ECONNREFUSED(111),
    ETIMEDOUT(110),
    ESTALE(116),
    EDQUOT(122),
    OTHER(-1);

    private static final Errno[] BY_NUMBER = byNumber();

    private final int number;

    Errno(int number) {
        this.number = number;
    }

    /// The kernel's number, -1 for [#OTHER].
    public int number() {
        return number;
    }

    /// The name of a number, [#OTHER] for one that has none here.
    public static Errno of(int number) {
        return number >= 0 && number < BY_NUMBER.length ? BY_NUMBER[number] : OTHER;
    }

    private static Errno[] byNumber() {
        int max = 0;
        for (Errno e : values()) {
            max = Math.max(max, e.number);
        }
        Errno[] table = new Errno[max + 1];
        java.util.Arrays.fill(table, OTHER);
        for (Errno e : values()) {
            if (e.number >= 0) {
                table[e.number] = e;
            }
        }
        return table;
    }
}
