package io.slipway.puller.hosts;

/// A hosts.toml that does not parse or validate. The message says what and where; it becomes a warning, never the
/// failure of a pull.
public final class HostsFileException extends Exception {
    private static final long serialVersionUID = 1L;

    HostsFileException(String message) {
        super(message);
    }

    HostsFileException(String message, Throwable cause) {
        super(message, cause);
    }
}
