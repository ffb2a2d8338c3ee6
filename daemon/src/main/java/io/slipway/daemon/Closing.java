package io.slipway.daemon;

import java.util.ArrayDeque;
import java.util.Deque;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// What has been opened, closed in reverse order. One thread at a time.
final class Closing implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Closing.class);

    private record Opened(String name, AutoCloseable part) {}

    private final Deque<Opened> opened = new ArrayDeque<>();

    /// Remembers `part` and returns it.
    <T extends AutoCloseable> T add(String name, T part) {
        opened.push(new Opened(name, part));
        return part;
    }

    /// Closes everything, also when one of them fails; a second call does nothing.
    @Override
    public void close() {
        while (!opened.isEmpty()) {
            Opened next = opened.pop();
            try {
                next.part.close();
            } catch (InterruptedException e) {
                // Whoever interrupts has run out of patience; the rest is still worth a try.
                log.atWarn().addKeyValue("part", next.name).log("Interrupted while closing.");
            } catch (Exception e) {
                log.atWarn().addKeyValue("part", next.name).setCause(e).log("A part did not close in order.");
            }
        }
    }
}
