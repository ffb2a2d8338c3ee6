package io.slipway.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.io.IOException;
import java.util.Optional;

/// A process held by descriptor: unlike a pid it never comes to mean another process. Readable once that one is dead.
public final class PidFd extends Descriptor {
    // poll.h, and struct pollfd there: int fd, short events, short revents
    private static final short POLLIN = 1;

    // linux/wait.h
    private static final int P_PIDFD = 3;
    private static final int WNOHANG = 1;
    private static final int WEXITED = 4;

    // asm-generic/siginfo.h: offsets and codes
    private static final int SI_CODE = 8;
    private static final int SI_PID = 16;
    private static final int SI_STATUS = 24;
    private static final int CLD_EXITED = 1;

    private final int pid;

    private PidFd(int fd, int pid) {
        super(fd, "process " + pid);
        this.pid = pid;
    }

    /// @throws LinuxException ESRCH when there is no such process
    public static PidFd open(int pid) throws IOException {
        if (pid <= 0) {
            throw new LinuxException("pidfd_open", "process " + pid, Errno.ESRCH);
        }
        try (Scratch s = Scratch.take()) {
            return new PidFd((int) s.check(Sys.call(s, Nr.PIDFD_OPEN, pid, 0), "pidfd_open", "process " + pid), pid);
        }
    }

    public int pid() {
        return pid;
    }

    /// Sends a signal by number.
    ///
    /// @throws LinuxException ESRCH when it is dead and reaped
    public void signal(int signal) throws IOException {
        try (Scratch s = Scratch.take()) {
            s.check(Sys.call(s, Nr.PIDFD_SEND_SIGNAL, fd(), signal, 0, 0), "pidfd_send_signal", this);
        }
    }

    /// False from its death on, reaped or not.
    public boolean alive() throws IOException {
        try (Scratch s = Scratch.take()) {
            s.struct.set(JAVA_INT, 0, fd());
            s.struct.set(JAVA_SHORT, 4, POLLIN);
            s.struct.set(JAVA_SHORT, 6, (short) 0);
            // A timeout of nothing: look and come back.
            s.struct.set(JAVA_LONG, 16, 0);
            s.struct.set(JAVA_LONG, 24, 0);
            long fds = s.struct.address();
            return s.check(Sys.call(s, Nr.PPOLL, fds, 1, fds + 16, 0, 8), "ppoll", this) == 0;
        }
    }

    /// Reaps a dead child of ours.
    ///
    /// @param block whether to wait for its death
    /// @return empty when it lives
    Optional<Exit> reap(boolean block) throws IOException {
        try (Scratch s = Scratch.take()) {
            s.struct.set(JAVA_INT, SI_PID, 0);
            long info = s.struct.address();
            long done;
            do {
                done = Sys.call(s, Nr.WAITID, P_PIDFD, fd(), info, WEXITED | (block ? 0 : WNOHANG), 0);
            } while (done < 0 && s.failedWith(Errno.EINTR));
            s.check(done, "waitid", this);
            if (s.struct.get(JAVA_INT, SI_PID) == 0) {
                return Optional.empty();
            }
            int status = s.struct.get(JAVA_INT, SI_STATUS);
            boolean exited = s.struct.get(JAVA_INT, SI_CODE) == CLD_EXITED;
            return Optional.of(exited ? new Exit.Exited(status & 0xFF) : new Exit.Signalled(status));
        }
    }
}
