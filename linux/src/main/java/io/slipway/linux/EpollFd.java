package io.slipway.linux;

import java.io.IOException;

/// The kernel's table of watched descriptors (epoll_create1(2)).
final class EpollFd extends Descriptor {
    private EpollFd(int fd) {
        super(fd, "epoll");
    }

    static EpollFd open() throws IOException {
        try (Scratch s = Scratch.take()) {
            // EPOLL_CLOEXEC is O_CLOEXEC
            return new EpollFd((int) s.check(Sys.call(s, Nr.EPOLL_CREATE1, Flags.O_CLOEXEC), "epoll_create1", "epoll"));
        }
    }
}
