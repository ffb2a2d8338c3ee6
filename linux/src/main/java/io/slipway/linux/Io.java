package io.slipway.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;

/// Bytes in and out of descriptors. Direct buffers are handed to the kernel as they are; heap buffers go through
/// [Scratch#data], piece by piece (a heap address may move while the kernel works, and pinning it would hold up GC).
final class Io {
    // asm-generic/fcntl.h
    private static final int F_GETFL = 3;
    private static final int F_SETFL = 4;

    private Io() {}

    /// Closes a number. Errors are not told: the number is free in any case, and data is safe only after a sync.
    static void close(int fd) {
        try (Scratch s = Scratch.take()) {
            Sys.call(s, Nr.CLOSE, fd);
        }
    }

    static void setNonBlocking(Descriptor on) throws IOException {
        try (Scratch s = Scratch.take()) {
            long flags = s.check(Sys.call(s, Nr.FCNTL, on.fd(), F_GETFL), "fcntl", on);
            s.check(Sys.call(s, Nr.FCNTL, on.fd(), F_SETFL, flags | Flags.O_NONBLOCK), "fcntl", on);
        }
    }

    /// @return bytes read, -1 at the end of the file
    static int pread(Descriptor on, ByteBuffer into, long position) throws IOException {
        if (!into.hasRemaining()) {
            return 0;
        }
        try (Scratch s = Scratch.take()) {
            long n = transfer(s, Nr.PREAD64, on, into, position);
            return n == 0 ? -1 : (int) s.check(n, "pread", on);
        }
    }

    static void pwriteFully(Descriptor on, ByteBuffer from, long position) throws IOException {
        try (Scratch s = Scratch.take()) {
            long at = position;
            while (from.hasRemaining()) {
                at += progress(s, transfer(s, Nr.PWRITE64, on, from, at), on);
            }
        }
    }

    static void pwriteFully(Descriptor on, byte[] from, int offset, int length, long position) throws IOException {
        java.util.Objects.checkFromIndexSize(offset, length, from.length);
        try (Scratch s = Scratch.take()) {
            MemorySegment data = s.data();
            int done = 0;
            while (done < length) {
                int piece = Math.min(length - done, Scratch.DATA_BYTES);
                MemorySegment.copy(from, offset + done, data, JAVA_BYTE, 0, piece);
                done += (int) progress(s, call(s, Nr.PWRITE64, on, data.address(), piece, position + done), on);
            }
        }
    }

    /// @return bytes read, 0 when there is nothing now, -1 at the end
    static int readNow(Descriptor on, ByteBuffer into) throws IOException {
        if (!into.hasRemaining()) {
            return 0;
        }
        try (Scratch s = Scratch.take()) {
            long n = transfer(s, Nr.READ, on, into, 0);
            if (n < 0 && s.failedWith(Errno.EAGAIN)) {
                return 0;
            }
            return n == 0 ? -1 : (int) s.check(n, "read", on);
        }
    }

    /// @return bytes written, 0 when there is no room now
    static int writeNow(Descriptor on, ByteBuffer from) throws IOException {
        if (!from.hasRemaining()) {
            return 0;
        }
        try (Scratch s = Scratch.take()) {
            long n = transfer(s, Nr.WRITE, on, from, 0);
            return n < 0 && s.failedWith(Errno.EAGAIN) ? 0 : (int) s.check(n, "write", on);
        }
    }

    /// Writing nothing at all would loop for ever; the kernel does so on no regular file.
    private static long progress(Scratch s, long written, Descriptor on) throws IOException {
        if (written == 0) {
            throw new LinuxException("pwrite", on.subject(), Errno.EIO);
        }
        return s.check(written, "pwrite", on);
    }

    /// One call on the remaining bytes; moves the buffer's position by what the kernel took or gave.
    private static long transfer(Scratch s, long number, Descriptor on, ByteBuffer buffer, long position) {
        long n;
        if (buffer.isDirect()) {
            MemorySegment segment = MemorySegment.ofBuffer(buffer);
            try {
                n = call(s, number, on, segment.address(), segment.byteSize(), position);
            } finally {
                Reference.reachabilityFence(buffer);
            }
        } else {
            MemorySegment data = s.data();
            int piece = Math.min(buffer.remaining(), Scratch.DATA_BYTES);
            boolean reading = number == Nr.READ || number == Nr.PREAD64;
            if (!reading) {
                MemorySegment.copy(MemorySegment.ofBuffer(buffer), 0, data, 0, piece);
            }
            n = call(s, number, on, data.address(), piece, position);
            if (reading && n > 0) {
                MemorySegment.copy(data, 0, MemorySegment.ofBuffer(buffer), 0, n);
            }
        }
        if (n > 0) {
            buffer.position(buffer.position() + (int) n);
        }
        return n;
    }

    private static long call(Scratch s, long number, Descriptor on, long address, long length, long position) {
        while (true) {
            long n = Sys.call(s, number, on.fd(), address, length, position);
            if (n >= 0 || !s.failedWith(Errno.EINTR)) {
                return n;
            }
        }
    }
}
