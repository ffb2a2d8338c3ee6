package io.slipway.daemon.cli;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;

/// Runs the program in this process, as a shell would.
final class Shell {
    static final Instant NOW = Instant.parse("2026-11-20T12:00:00Z");

    final Path socket;
    final FakeSignals signals = new FakeSignals();
    final Map<String, String> environment = new HashMap<>();
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();
    /// Where standard output goes besides [#out].
    OutputStream reader = OutputStream.nullOutputStream();
    InputStream in = new ByteArrayInputStream(new byte[0]);
    Optional<Terminal.Keyboard> keyboard = Optional.empty();

    Shell(Path socket) {
        this.socket = socket;
    }

    int run(String... arguments) {
        Terminal terminal = new Terminal(
                in,
                new PrintStream(new Both(out, reader), true, StandardCharsets.UTF_8),
                new PrintStream(err, true, StandardCharsets.UTF_8),
                false,
                environment,
                keyboard);
        List<String> all = new ArrayList<>(List.of("-a", socket.toString()));
        all.addAll(List.of(arguments));
        return new Slipway(terminal, signals, Clock.fixed(NOW, ZoneOffset.UTC)).run(all);
    }

    private static final class Both extends OutputStream {
        private final OutputStream first;
        private final OutputStream second;

        Both(OutputStream first, OutputStream second) {
            this.first = first;
            this.second = second;
        }

        @Override
        public void write(int b) throws IOException {
            first.write(b);
            second.write(b);
        }
    }

    String out() {
        return out.toString(StandardCharsets.UTF_8);
    }

    String err() {
        return err.toString(StandardCharsets.UTF_8);
    }

    /// Signals sent by the test.
    static final class FakeSignals implements Signals {
        private record Entry(List<String> names, Consumer<String> handler) {}

        private final List<Entry> entries = new CopyOnWriteArrayList<>();

        @Override
        public Subscription on(List<String> names, Consumer<String> handler) {
            Entry entry = new Entry(names, handler);
            entries.addFirst(entry);
            return () -> entries.remove(entry);
        }

        /// Delivered to the newest subscription only, as the JVM does.
        void send(String name) {
            entries.stream()
                    .filter(e -> e.names().contains(name))
                    .findFirst()
                    .ifPresent(e -> e.handler().accept(name));
        }
    }
}
