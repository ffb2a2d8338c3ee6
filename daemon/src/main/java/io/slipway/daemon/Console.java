package io.slipway.daemon;

import io.slipway.daemon.log.LogFormat;
import io.slipway.daemon.log.LogSink;
import io.slipway.daemon.log.Logs;
import java.io.PrintStream;
import org.slf4j.LoggerFactory;

/// What the program itself says: results on stdout, its one line of failure on stderr, start-up hints for
/// people. With JSON logs failures are JSON too and hints are left out.
final class Console {
    private final PrintStream out;
    private final PrintStream err;

    Console(PrintStream out, PrintStream err) {
        this.out = out;
        this.err = err;
    }

    void result(String text) {
        out.print(text);
        out.flush();
    }

    void failure(String line) {
        String oneLine = line.strip().replaceAll("\\s*\\R\\s*", " ");
        if (json()) {
            LoggerFactory.getLogger(Console.class).error(oneLine);
        } else {
            err.println("slipwayd: " + oneLine);
        }
    }

    /// A line for the person who started the daemon by hand.
    void hint(String line) {
        if (!json()) {
            out.println(line);
        }
    }

    private static boolean json() {
        return Logs.sink().map(LogSink::format).filter(f -> f == LogFormat.JSON).isPresent();
    }
}
