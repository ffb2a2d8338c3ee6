package io.slipway.linux;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;

/// A counter that wakes a [Poller] (eventfd(2)).
final class EventFd extends Descriptor {
    // sys/eventfd.h: EFD_CLOEXEC and EFD_NONBLOCK are O_CLOEXEC and O_NONBLOCK
    private static final int FLAGS = Flags.O_CLOEXEC | Flags.O_NONBLOCK;

    private EventFd(int fd) {
        super(fd, "eventfd");
    }

    static EventFd open() throws IOException {
        try (Scratch s = Scratch.take()) {
            return new EventFd((int) s.check(Sys.call(s, Nr.EVENTFD2, 0, FLAGS), "eventfd2", "wake-up"));
        }
    }

    /// Makes it readable. A counter that is full stays readable anyway.
    void raise() {
        try (Scratch s = Scratch.take()) {
            s.struct.set(JAVA_LONG, 0, 1);
            Sys.call(s, Nr.WRITE, fd(), s.struct.address(), Long.BYTES);
        }
    }

    /// Makes it unreadable.
    void lower() {
        try (Scratch s = Scratch.take()) {
            Sys.call(s, Nr.READ, fd(), s.struct.address(), Long.BYTES);
        }
    }
}
