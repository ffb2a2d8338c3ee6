package io.slipway.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.io.IOException;
import java.lang.foreign.MemorySegment;

/// A unix socket of a kind that the JDK doesn't offer: datagrams, abstract names, connecting without waiting.
final class UnixSocket extends Descriptor {
    // bits/socket.h; SOCK_CLOEXEC and SOCK_NONBLOCK are O_CLOEXEC and O_NONBLOCK
    private static final int AF_UNIX = 1;
    private static final int SOCK_STREAM = 1;
    private static final int SOCK_DGRAM = 2;
    private static final int MSG_NOSIGNAL = 0x4000;

    /// sun_path of `linux/un.h`
    private static final int SUN_PATH_BYTES = 108;

    private UnixSocket(int fd, String subject) {
        super(fd, subject);
    }

    static UnixSocket stream(String subject) throws IOException {
        return open(SOCK_STREAM, subject);
    }

    static UnixSocket datagram(String subject) throws IOException {
        return open(SOCK_DGRAM, subject);
    }

    private static UnixSocket open(int type, String subject) throws IOException {
        try (Scratch s = Scratch.take()) {
            int flags = type | Flags.O_CLOEXEC | Flags.O_NONBLOCK;
            return new UnixSocket((int) s.check(Sys.call(s, Nr.SOCKET, AF_UNIX, flags, 0), "socket", subject), subject);
        }
    }

    /// @return true when somebody listens (also when their queue is full), false when nobody does
    boolean connects(byte[] path) throws IOException {
        try (Scratch s = Scratch.take()) {
            int length = address(s, path, false);
            long done = Sys.call(s, Nr.CONNECT, fd(), s.struct.address(), length);
            if (done < 0 && (s.failedWith(Errno.ECONNREFUSED) || s.failedWith(Errno.ENOENT))) {
                return false;
            }
            if (done < 0 && s.failedWith(Errno.EAGAIN)) {
                return true;
            }
            s.check(done, "connect", this);
            return true;
        }
    }

    /// Sends one datagram without waiting.
    void send(byte[] message, byte[] to, boolean abstractName) throws IOException {
        try (Scratch s = Scratch.take()) {
            int length = address(s, to, abstractName);
            MemorySegment data = s.data();
            MemorySegment.copy(message, 0, data, JAVA_BYTE, 0, message.length);
            long n = Sys.call(
                    s, Nr.SENDTO, fd(), data.address(), message.length, MSG_NOSIGNAL, s.struct.address(), length);
            s.check(n, "sendto", this);
        }
    }

    /// Puts `struct sockaddr_un` together: an abstract name begins with NUL and has no other end than its length.
    private int address(Scratch s, byte[] name, boolean abstractName) throws IOException {
        int start = abstractName ? 1 : 0;
        if (name.length + 1 > SUN_PATH_BYTES) {
            throw new LinuxException("unix address", subject(), Errno.ENAMETOOLONG);
        }
        s.struct.fill((byte) 0);
        s.struct.set(JAVA_SHORT, 0, (short) AF_UNIX);
        MemorySegment.copy(name, 0, s.struct, JAVA_BYTE, 2 + start, name.length);
        return 2 + name.length + 1;
    }
}
