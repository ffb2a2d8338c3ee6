package io.slipway.linux;

import java.io.IOException;
import java.util.Map;
import java.util.Optional;

/// Tells the service manager how we are (sd_notify(3)): one datagram per message, no waiting for an answer.
public final class SdNotify {
    private SdNotify() {}

    /// The service manager named by NOTIFY_SOCKET in `environment` (a path, or `@name` for an abstract one), or
    /// empty when there is none.
    public static Optional<SdNotify> from(Map<String, String> environment) {
        throw new UnsupportedOperationException();
    }

    /// READY=1: start-up is finished.
    public void ready() throws IOException {
        throw new UnsupportedOperationException();
    }

    /// STOPPING=1
    public void stopping() throws IOException {
        throw new UnsupportedOperationException();
    }

    /// RELOADING=1 with the monotonic time, followed by [#ready] when done.
    public void reloading() throws IOException {
        throw new UnsupportedOperationException();
    }

    /// WATCHDOG=1: still alive.
    public void watchdog() throws IOException {
        throw new UnsupportedOperationException();
    }

    /// STATUS=text, one line.
    public void status(String text) throws IOException {
        throw new UnsupportedOperationException();
    }
}
