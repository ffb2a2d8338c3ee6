package io.slipway.daemon.log;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.event.KeyValuePair;
import org.slf4j.event.Level;

/// One event, rendered with a line end. Control characters never reach the output raw: a name from the
/// network cannot forge a line or move a terminal's cursor.
record LogLine(
        Instant time,
        Level level,
        String message,
        List<KeyValuePair> fields,
        @Nullable Throwable error) {

    /// Bound of one rendered stack trace, in characters; deeper ones are cut.
    private static final int STACK_CHARS = 16 * 1024;

    private static final DateTimeFormatter CLOCK =
            DateTimeFormatter.ofPattern("HH:mm:ss.SSS", Locale.ROOT).withZone(ZoneOffset.UTC);

    String json() {
        StringBuilder to = new StringBuilder(192);
        to.append("{\"time\":\"")
                .append(DateTimeFormatter.ISO_INSTANT.format(time))
                .append("\",\"level\":\"");
        to.append(level.name().toLowerCase(Locale.ROOT)).append("\",\"msg\":");
        Json.quote(to, message);
        if (error != null) {
            to.append(",\"error\":");
            Json.quote(to, summary(error));
        }
        for (KeyValuePair field : fields) {
            to.append(',');
            Json.quote(to, name(field.key));
            to.append(':');
            Json.value(to, field.value);
        }
        if (error != null && wantsStack()) {
            to.append(",\"stack\":");
            Json.quote(to, stack(error));
        }
        return to.append("}\n").toString();
    }

    String text() {
        StringBuilder to = new StringBuilder(160);
        to.append(CLOCK.format(time)).append(' ').append(level.name());
        to.repeat(' ', 6 - level.name().length());
        escape(to, message);
        if (error != null) {
            to.append(" error=");
            word(to, summary(error));
        }
        for (KeyValuePair field : fields) {
            to.append(' ');
            escape(to, field.key);
            to.append('=');
            word(to, String.valueOf(field.value));
        }
        to.append('\n');
        if (error != null && wantsStack()) {
            to.append(stack(error));
        }
        return to.toString();
    }

    /// A warning about the world needs its sentence, not our call stack; an error is ours to debug.
    private boolean wantsStack() {
        return level == Level.ERROR || level.toInt() <= Level.DEBUG.toInt();
    }

    /// The fixed fields keep their meaning even when an event brings one of the same name.
    private static String name(String key) {
        return switch (key) {
            case "time", "level", "msg", "error", "stack" -> key + "_";
            default -> key;
        };
    }

    private static String summary(Throwable error) {
        String message = error.getMessage();
        return message == null || message.isBlank() ? error.getClass().getSimpleName() : message;
    }

    private static String stack(Throwable error) {
        StringWriter text = new StringWriter();
        error.printStackTrace(new PrintWriter(text, true));
        return text.toString().length() <= STACK_CHARS
                ? text.toString()
                : text.toString().substring(0, STACK_CHARS) + "...\n";
    }

    private static void word(StringBuilder to, String value) {
        boolean plain = !value.isEmpty() && value.chars().allMatch(c -> c > ' ' && c != '"' && c != '=' && c != 0x7f);
        if (plain) {
            escape(to, value);
        } else {
            Json.quote(to, value);
        }
    }

    private static void escape(StringBuilder to, String value) {
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            if (Character.isISOControl(c)) {
                Json.escape(to, c);
            } else {
                to.append(c);
            }
        }
    }

    /// JSON text of the few types that log fields have.
    static final class Json {
        private Json() {}

        static void value(StringBuilder to, @Nullable Object value) {
            switch (value) {
                case null -> to.append("null");
                case Double d when !Double.isFinite(d) -> quote(to, d.toString());
                case Float f when !Float.isFinite(f) -> quote(to, f.toString());
                case Number n -> to.append(n);
                case Boolean b -> to.append(b);
                case Iterable<?> items when !(value instanceof java.nio.file.Path) -> list(to, items);
                case Map<?, ?> map -> object(to, map);
                default -> quote(to, value.toString());
            }
        }

        private static void list(StringBuilder to, Iterable<?> items) {
            to.append('[');
            String separator = "";
            for (Object item : items) {
                to.append(separator);
                value(to, item);
                separator = ",";
            }
            to.append(']');
        }

        private static void object(StringBuilder to, Map<?, ?> map) {
            to.append('{');
            String separator = "";
            for (Map.Entry<?, ?> entry : map.entrySet()) {
                to.append(separator);
                quote(to, String.valueOf(entry.getKey()));
                to.append(':');
                value(to, entry.getValue());
                separator = ",";
            }
            to.append('}');
        }

        static void quote(StringBuilder to, String value) {
            to.append('"');
            for (int i = 0; i < value.length(); i++) {
                char c = value.charAt(i);
                if (c == '"' || c == '\\') {
                    to.append('\\').append(c);
                } else if (Character.isISOControl(c) || (Character.isSurrogate(c) && !paired(value, i))) {
                    escape(to, c);
                } else {
                    to.append(c);
                }
            }
            to.append('"');
        }

        private static boolean paired(String value, int i) {
            return Character.isHighSurrogate(value.charAt(i))
                    ? i + 1 < value.length() && Character.isLowSurrogate(value.charAt(i + 1))
                    : i > 0 && Character.isHighSurrogate(value.charAt(i - 1));
        }

        static void escape(StringBuilder to, char c) {
            switch (c) {
                case '\n' -> to.append("\\n");
                case '\r' -> to.append("\\r");
                case '\t' -> to.append("\\t");
                default -> to.append("\\u").append(String.format(Locale.ROOT, "%04x", (int) c));
            }
        }
    }
}
