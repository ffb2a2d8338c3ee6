package io.slipway.daemon.cli;

import java.io.PrintStream;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicLong;

/// How far an archive has come: a line that is drawn over on a terminal, elsewhere one whenever nothing was said for
/// [LinesView#SILENCE_MAX].
final class ByteMeter {
    private static final String CLEAR_LINE = "\r\u001b[K";

    private final PrintStream err;
    private final boolean redraws;
    private final String doing;
    private final long total;
    private final AtomicLong bytes = new AtomicLong();
    private Instant lastLine;
    private boolean drawn;

    /// @param doing what is done, as `loading`
    /// @param total bytes there are, 0 when that is not known
    ByteMeter(Terminal terminal, String doing, long total, Instant now) {
        this.err = terminal.err();
        this.redraws = terminal.errIsTerminal();
        this.doing = doing;
        this.total = total;
        this.lastLine = now;
    }

    /// Any thread.
    void moved(long count) {
        bytes.addAndGet(count);
    }

    void tick(Instant now) {
        if (redraws) {
            err.print(CLEAR_LINE + line());
            err.flush();
            drawn = true;
        } else if (Duration.between(lastLine, now).compareTo(LinesView.SILENCE_MAX) >= 0) {
            err.println(line());
            lastLine = now;
        }
    }

    private String line() {
        return doing + " " + Text.bytes(bytes.get()) + (total > 0 ? " of " + Text.bytes(total) : "");
    }

    void end() {
        if (drawn) {
            err.print(CLEAR_LINE);
            err.flush();
        }
    }
}
