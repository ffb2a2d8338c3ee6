package io.slipway.linux;

/// Which of the newer system calls this kernel (or the seccomp filter around us) has. Each is asked once, when first
/// needed, with arguments that can do nothing.
final class Probe {
    private Probe() {}

    /// fchmodat2(2), Linux 6.6
    static final class Fchmodat2 {
        static final boolean PRESENT = present(Nr.FCHMODAT2);

        private Fchmodat2() {}
    }

    /// setxattrat(2) and its family, Linux 6.13
    static final class Xattrat {
        static final boolean PRESENT = present(Nr.SETXATTRAT);

        private Xattrat() {}
    }

    /// A call that exists finds the descriptor -1 or the null path wrong. Filters say EPERM to what they don't know.
    private static boolean present(long number) {
        try (Scratch s = Scratch.take()) {
            long result = Sys.call(s, number, -1, 0, 0, 0, 0, 0);
            return result < 0 && !s.failedWith(Errno.ENOSYS) && !s.failedWith(Errno.EPERM);
        }
    }
}
