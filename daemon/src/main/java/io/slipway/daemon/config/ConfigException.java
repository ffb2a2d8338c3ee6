package io.slipway.daemon.config;

import java.io.Serial;

/// A flag, variable, key or file that cannot be used. The message is one line: what, why, and what to do.
public final class ConfigException extends Exception {
    @Serial
    private static final long serialVersionUID = 1;

    public ConfigException(String message) {
        super(message);
    }

    public ConfigException(String message, Throwable cause) {
        super(message, cause);
    }
}
