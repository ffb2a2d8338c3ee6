package io.slipway.linux;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/// Tells the service manager how we are (sd_notify(3)): one datagram per message, no waiting for an answer.
public final class SdNotify {
    private final String address;

    private SdNotify(String address) {
        this.address = address;
    }

    /// The service manager named by NOTIFY_SOCKET in `environment` (a path, or `@name` for an abstract one), or
    /// empty when there is none.
    public static Optional<SdNotify> from(Map<String, String> environment) {
        String address = environment.getOrDefault("NOTIFY_SOCKET", "");
        boolean usable = address.length() > 1 && (address.startsWith("/") || address.startsWith("@"));
        return usable ? Optional.of(new SdNotify(address)) : Optional.empty();
    }

    /// READY=1: start-up is finished.
    public void ready() throws IOException {
        send("READY=1");
    }

    /// STOPPING=1
    public void stopping() throws IOException {
        send("STOPPING=1");
    }

    /// RELOADING=1 with the monotonic time, followed by [#ready] when done.
    public void reloading() throws IOException {
        // HotSpot's nanoTime is CLOCK_MONOTONIC, which is what systemd compares with.
        send("RELOADING=1\nMONOTONIC_USEC=" + TimeUnit.NANOSECONDS.toMicros(System.nanoTime()));
    }

    /// WATCHDOG=1: still alive.
    public void watchdog() throws IOException {
        send("WATCHDOG=1");
    }

    /// STATUS=text, one line.
    public void status(String text) throws IOException {
        send("STATUS=" + text.replace('\n', ' '));
    }

    private void send(String message) throws IOException {
        boolean abstractName = address.startsWith("@");
        byte[] to = (abstractName ? address.substring(1) : address).getBytes(StandardCharsets.UTF_8);
        try (UnixSocket socket = UnixSocket.datagram(address)) {
            socket.send(message.getBytes(StandardCharsets.UTF_8), to, abstractName);
        }
    }
}
