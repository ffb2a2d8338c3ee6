package io.slipway.daemon.log;

import java.util.Optional;
import org.slf4j.LoggerFactory;

/// The way from SLF4J's global binding to the sink behind it.
public final class Logs {
    private Logs() {}

    /// The sink of this process; empty when another SLF4J provider is bound, as in other modules' tests.
    public static Optional<LogSink> sink() {
        return LoggerFactory.getILoggerFactory() instanceof LineLoggers loggers
                ? Optional.of(loggers.sink())
                : Optional.empty();
    }
}
