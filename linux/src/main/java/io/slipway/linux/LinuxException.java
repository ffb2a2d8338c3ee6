package io.slipway.linux;

import java.io.IOException;

/// A system call was refused. Says which call, on what, and the kernel's reason; nobody needs to parse the message.
public final class LinuxException extends IOException {
    private static final long serialVersionUID = 1L;

    private final String call;
    private final String subject;
    private final int number;

    /// @param call name of the system call, such as `mkdirat`
    /// @param subject what it was done to: a path or a name as text (bytes that are not UTF-8 are shown replaced)
    /// @param number the kernel's errno
    public LinuxException(String call, String subject, int number) {
        this(call, subject, number, "");
    }

    LinuxException(String call, String subject, int number, String detail) {
        super(call + " " + subject + ": " + name(number) + (detail.isEmpty() ? "" : " (" + detail + ")"));
        this.call = call;
        this.subject = subject;
        this.number = number;
    }

    /// The same, for a reason that this side found before asking the kernel.
    public LinuxException(String call, String subject, Errno errno) {
        this(call, subject, errno.number());
    }

    public String call() {
        return call;
    }

    public String subject() {
        return subject;
    }

    public Errno errno() {
        return Errno.of(number);
    }

    /// The kernel's number, also for an errno that has no name here.
    public int number() {
        return number;
    }

    private static String name(int number) {
        Errno errno = Errno.of(number);
        return errno == Errno.OTHER ? "errno " + number : errno.name();
    }
}
