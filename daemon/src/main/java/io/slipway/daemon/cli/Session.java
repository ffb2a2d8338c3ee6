package io.slipway.daemon.cli;

import java.time.Clock;
import org.jspecify.annotations.Nullable;

/// What one run of the program has: its terminal, its global options and, from the first use on, its connection.
/// Main thread only.
final class Session implements AutoCloseable {
    private final Terminal terminal;
    private final Globals globals;
    private final Signals signals;
    private final Clock clock;
    private @Nullable Connection connection;

    Session(Terminal terminal, Globals globals, Signals signals, Clock clock) {
        this.terminal = terminal;
        this.globals = globals;
        this.signals = signals;
        this.clock = clock;
    }

    Terminal terminal() {
        return terminal;
    }

    Globals globals() {
        return globals;
    }

    Signals signals() {
        return signals;
    }

    Clock clock() {
        return clock;
    }

    Connection connection() {
        Connection open = connection;
        if (open == null) {
            open = Connection.to(globals);
            connection = open;
        }
        return open;
    }

    /// Prints a result: as JSON when that was asked for, else as text.
    void result(Object json, String text) {
        if (globals.json()) {
            terminal.out().println(Json.write(json));
        } else {
            terminal.out().print(text);
        }
    }

    @Override
    public void close() {
        if (connection != null) {
            connection.close();
        }
    }
}
