package io.slipway.linux;

final class Io {
    private Io() {}

    static void close(int fd) {
        if (fd >= 0) {
            Pending.body();
        }
    }
}
