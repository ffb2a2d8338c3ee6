package io.slipway.linux;

import java.io.IOException;
import java.util.List;

/// Copies of descriptors at numbers above those they are to become in a child: the child puts them in place one after
/// the other, and must not overwrite one that is still to come.
final class Raised implements AutoCloseable {
    /// F_DUPFD_CLOEXEC of `linux/fcntl.h`
    private static final int F_DUPFD_CLOEXEC = 1030;

    private final int[] numbers;
    private int open;

    private Raised(int count) {
        numbers = new int[count];
    }

    static Raised above(List<Descriptor> descriptors) throws IOException {
        Raised raised = new Raised(descriptors.size());
        try (Scratch s = Scratch.take()) {
            for (Descriptor descriptor : descriptors) {
                long copy = Sys.call(s, Nr.FCNTL, descriptor.fd(), F_DUPFD_CLOEXEC, descriptors.size());
                raised.numbers[raised.open] = (int) s.check(copy, "fcntl", descriptor);
                raised.open++;
            }
            return raised;
        } catch (IOException | RuntimeException e) {
            raised.close();
            throw e;
        }
    }

    int[] numbers() {
        return numbers;
    }

    @Override
    public void close() {
        while (open > 0) {
            Io.close(numbers[--open]);
        }
    }
}
