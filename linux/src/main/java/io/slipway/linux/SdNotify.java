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
        return Pending.body();
    }

    /// READY=1: start-up is finished.
    public void ready() throws IOException {
        Pending.body();
    }

    /// STOPPING=1
    public void stopping() throws IOException {
        Pending.body();
    }

    /// RELOADING=1 with the monotonic time, followed by [#ready] when done.
    public void reloading() throws IOException {
        Pending.body();
    }

    /// WATCHDOG=1: still alive.
    public void watchdog() throws IOException {
        Pending.body();
    }

    /// STATUS=text, one line.
    public void status(String text) throws IOException {
        Pending.body();
    }
}
