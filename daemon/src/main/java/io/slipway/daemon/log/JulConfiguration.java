package io.slipway.daemon.log;

import java.util.List;
import java.util.logging.Handler;
import java.util.logging.LogManager;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/// Named by `-Djava.util.logging.config.class`: made by the JDK when a library first uses
/// java.util.logging, and not before, so that start-up does not pay for it. Sends those records where all
/// others go.
public final class JulConfiguration {
    public JulConfiguration() {
        Logger root = LogManager.getLogManager().getLogger("");
        for (Handler handler : List.of(root.getHandlers())) {
            root.removeHandler(handler);
        }
        root.addHandler(new ToSlf4j());
    }

    private static final class ToSlf4j extends Handler {
        @Override
        public void publish(LogRecord event) {
            String name = event.getLoggerName() == null ? "jul" : event.getLoggerName();
            org.slf4j.Logger log = LoggerFactory.getLogger(name);
            String message = event.getMessage() == null ? "" : event.getMessage();
            log.atLevel(level(event.getLevel().intValue()))
                    .setCause(event.getThrown())
                    .log(message);
        }

        private static Level level(int jul) {
            if (jul >= java.util.logging.Level.SEVERE.intValue()) {
                return Level.ERROR;
            }
            if (jul >= java.util.logging.Level.WARNING.intValue()) {
                return Level.WARN;
            }
            return jul >= java.util.logging.Level.INFO.intValue() ? Level.INFO : Level.DEBUG;
        }

        @Override
        public void flush() {
            // Nothing is held back.
        }

        @Override
        public void close() {
            // stderr stays open.
        }
    }
}
