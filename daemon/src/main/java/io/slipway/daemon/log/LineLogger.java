package io.slipway.daemon.log;

import java.io.Serial;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Marker;
import org.slf4j.event.KeyValuePair;
import org.slf4j.event.Level;
import org.slf4j.event.LoggingEvent;
import org.slf4j.helpers.AbstractLogger;
import org.slf4j.helpers.MessageFormatter;
import org.slf4j.spi.LoggingEventAware;

/// A named logger that hands every enabled event to the one sink.
final class LineLogger extends AbstractLogger implements LoggingEventAware {
    @Serial
    private static final long serialVersionUID = 1;

    private final transient LogSink sink;

    LineLogger(String name, LogSink sink) {
        this.name = name;
        this.sink = sink;
    }

    @Override
    public void log(LoggingEvent event) {
        List<KeyValuePair> fields = event.getKeyValuePairs();
        String message = MessageFormatter.basicArrayFormat(event.getMessage(), event.getArgumentArray());
        sink.write(event.getLevel(), text(message), fields == null ? List.of() : fields, event.getThrowable());
    }

    @Override
    protected void handleNormalizedLoggingCall(
            Level level,
            @Nullable Marker marker,
            @Nullable String message,
            Object @Nullable [] arguments,
            @Nullable Throwable error) {
        sink.write(level, text(MessageFormatter.basicArrayFormat(message, arguments)), List.of(), error);
    }

    private static String text(@Nullable String message) {
        return message == null ? "" : message;
    }

    /// Caller location is never computed: it costs a stack walk per line.
    @Override
    protected @Nullable String getFullyQualifiedCallerName() {
        return null;
    }

    @Override
    public boolean isTraceEnabled() {
        return sink.enabled(name, Level.TRACE);
    }

    @Override
    public boolean isTraceEnabled(@Nullable Marker marker) {
        return isTraceEnabled();
    }

    @Override
    public boolean isDebugEnabled() {
        return sink.enabled(name, Level.DEBUG);
    }

    @Override
    public boolean isDebugEnabled(@Nullable Marker marker) {
        return isDebugEnabled();
    }

    @Override
    public boolean isInfoEnabled() {
        return sink.enabled(name, Level.INFO);
    }

    @Override
    public boolean isInfoEnabled(@Nullable Marker marker) {
        return isInfoEnabled();
    }

    @Override
    public boolean isWarnEnabled() {
        return sink.enabled(name, Level.WARN);
    }

    @Override
    public boolean isWarnEnabled(@Nullable Marker marker) {
        return isWarnEnabled();
    }

    @Override
    public boolean isErrorEnabled() {
        return sink.enabled(name, Level.ERROR);
    }

    @Override
    public boolean isErrorEnabled(@Nullable Marker marker) {
        return isErrorEnabled();
    }
}
