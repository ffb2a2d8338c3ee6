package io.slipway.daemon.config;

import java.util.List;
import java.util.Map;

/// Writes settings as a commented file of our own layout.
final class ConfigText {
    private ConfigText() {}

    static String of(Values values) {
        StringBuilder to = new StringBuilder(2048);
        String table = "";
        for (Key key : Key.values()) {
            if (!key.table().equals(table)) {
                table = key.table();
                to.append("\n[").append(table).append("]\n");
            }
            String line = key.leaf() + " = " + value(values.raw(key));
            to.append(line).repeat(' ', Math.max(1, 44 - line.length()));
            to.append("# ").append(key.purpose()).append('\n');
        }
        if (!values.realms().isEmpty()) {
            to.append("\n[registry.realms]\n");
            for (Map.Entry<String, List<String>> realm : values.realms().entrySet()) {
                to.append(quote(realm.getKey()))
                        .append(" = ")
                        .append(value(realm.getValue()))
                        .append('\n');
            }
        }
        values.streamProcessors().forEach(processor -> streamProcessor(processor, to));
        return to.toString();
    }

    private static void streamProcessor(Config.StreamProcessor processor, StringBuilder to) {
        to.append("\n[stream_processors.").append(quote(processor.id())).append("]\n");
        to.append("accepts = ").append(value(processor.accepts())).append('\n');
        to.append("returns = ").append(quote(processor.returns())).append('\n');
        to.append("path = ").append(quote(processor.path().toString())).append('\n');
        to.append("args = ").append(value(processor.args())).append('\n');
        to.append("env = ").append(value(processor.env())).append('\n');
    }

    private static String value(Object value) {
        return switch (value) {
            case String text -> quote(text);
            case List<?> list ->
                "[" + String.join(", ", list.stream().map(ConfigText::value).toList()) + "]";
            default -> value.toString();
        };
    }

    /// A TOML basic string.
    private static String quote(String text) {
        StringBuilder to = new StringBuilder(text.length() + 2).append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '"', '\\' -> to.append('\\').append(c);
                case '\n' -> to.append("\\n");
                case '\t' -> to.append("\\t");
                default -> {
                    if (Character.isISOControl(c)) {
                        to.append("\\u").append(Integer.toHexString(0x10000 | c).substring(1));
                    } else {
                        to.append(c);
                    }
                }
            }
        }
        return to.append('"').toString();
    }
}
