package io.slipway.linux;

import java.io.IOException;

/// A process held by descriptor: unlike a pid it never comes to mean another process. Readable once that one is dead.
public final class PidFd extends Descriptor {
    private final int pid;

    PidFd(int fd, int pid) {
        super(fd, "process " + pid);
        this.pid = pid;
    }

    /// @throws LinuxException ESRCH when there is no such process
    public static PidFd open(int pid) throws IOException {
        return Pending.body();
    }

    public int pid() {
        return pid;
    }

    /// Sends a signal by number.
    ///
    /// @throws LinuxException ESRCH when it is dead and reaped
    public void signal(int signal) throws IOException {
        Pending.body();
    }

    /// False from its death on, reaped or not.
    public boolean alive() throws IOException {
        return Pending.<Boolean>body();
    }
}
