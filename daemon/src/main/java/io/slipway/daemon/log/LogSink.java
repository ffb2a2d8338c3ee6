package io.slipway.daemon.log;

import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.event.KeyValuePair;
import org.slf4j.event.Level;

/// Where log lines go and how much of them. Level and format may be changed at any time from any thread; a
/// line is written whole, with one write.
public final class LogSink {
    private final PrintStream out;
    private final Clock clock;
    /// Logs an error for every client that goes away while a file is sent to it, which is the client's right.
    private static final String CLIENT_GONE = "io.vertx.core.net.impl.VertxConnection";

    private volatile Level level = Level.INFO;
    private volatile LogFormat format = LogFormat.TEXT;

    LogSink(PrintStream out, Clock clock) {
        this.out = out;
        this.clock = clock;
    }

    /// The least severe level that is written.
    public Level level() {
        return level;
    }

    public void level(Level least) {
        this.level = least;
    }

    public LogFormat format() {
        return format;
    }

    public void format(LogFormat newFormat) {
        this.format = newFormat;
    }

    boolean enabled(String logger, Level at) {
        return at.toInt() >= Math.max(level.toInt(), floor(logger));
    }

    /// Libraries below us narrate at debug level for every buffer; their debug lines need `trace`.
    private int floor(String logger) {
        if (logger.equals(CLIENT_GONE) && level != Level.TRACE) {
            return Integer.MAX_VALUE;
        }
        boolean ours = logger.startsWith("io.slipway");
        return ours || level == Level.TRACE ? Level.TRACE.toInt() : Level.INFO.toInt();
    }

    void write(Level at, String message, List<KeyValuePair> fields, @Nullable Throwable error) {
        LogLine line = new LogLine(clock.instant(), at, message, fields, error);
        byte[] bytes = (format == LogFormat.JSON ? line.json() : line.text()).getBytes(StandardCharsets.UTF_8);
        // PrintStream holds its lock for the whole array, so lines never mix.
        out.write(bytes, 0, bytes.length);
        out.flush();
    }
}
