package io.slipway.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.io.IOException;
import java.nio.ByteBuffer;

/// One end of an anonymous pipe (pipe2(2)).
final class Pipe extends Descriptor {
    private Pipe(int fd, String subject) {
        super(fd, subject);
    }

    /// @param ours non-blocking, for this process
    /// @param theirs blocking, for a child
    record Ends(Pipe ours, Pipe theirs) implements AutoCloseable {
        @Override
        public void close() {
            ours.close();
            theirs.close();
        }
    }

    /// A pipe from a child to us.
    static Ends fromChild(String what) throws IOException {
        int[] fds = open(what);
        return ends(new Pipe(fds[0], what), new Pipe(fds[1], what));
    }

    /// A pipe from us to a child.
    static Ends toChild(String what) throws IOException {
        int[] fds = open(what);
        return ends(new Pipe(fds[1], what), new Pipe(fds[0], what));
    }

    private static Ends ends(Pipe ours, Pipe theirs) throws IOException {
        Ends ends = new Ends(ours, theirs);
        try {
            Io.setNonBlocking(ours);
            return ends;
        } catch (IOException | RuntimeException e) {
            ends.close();
            throw e;
        }
    }

    private static int[] open(String what) throws IOException {
        try (Scratch s = Scratch.take()) {
            s.check(Sys.call(s, Nr.PIPE2, s.struct.address(), Flags.O_CLOEXEC), "pipe2", what);
            return new int[] {s.struct.get(JAVA_INT, 0), s.struct.get(JAVA_INT, 4)};
        }
    }

    /// @return bytes read, 0 when there is nothing now, -1 at the end
    int read(ByteBuffer into) throws IOException {
        return Io.readNow(this, into);
    }

    /// @return bytes written, 0 when full
    int write(ByteBuffer from) throws IOException {
        return Io.writeNow(this, from);
    }
}
