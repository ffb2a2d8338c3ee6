package io.slipway.daemon;

/// How slipwayd ends. The numbers are part of the outside contract.
enum ExitCode {
    /// Stopped in order, by SIGTERM or SIGINT, or an informational command was answered.
    STOPPED(0),
    FAILED(1),
    /// A bad flag, variable, key or file.
    BAD_CONFIG(2),
    /// An address, the root or the state directory is in use.
    IN_USE(3),
    /// What an explicitly asked role needs is missing.
    ROLE_LACKS(4);

    private final int code;

    ExitCode(int code) {
        this.code = code;
    }

    int code() {
        return code;
    }
}
