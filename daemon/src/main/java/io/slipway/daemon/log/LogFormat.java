package io.slipway.daemon.log;

import java.util.Locale;

/// How a line looks: for people or for machines.
public enum LogFormat {
    /// `15:04:05.123 INFO  message key=value`
    TEXT,
    /// One JSON object per line.
    JSON;

    /// Reads `text` or `json`.
    ///
    /// @throws IllegalArgumentException for anything else
    public static LogFormat parse(String name) {
        for (LogFormat format : values()) {
            if (format.toString().equals(name)) {
                return format;
            }
        }
        throw new IllegalArgumentException("must be text or json, is \"" + name + "\"");
    }

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
