package io.slipway.daemon;

import java.io.Serial;

/// The daemon cannot start or go on. The message is one line: what, why, and what to do; the code tells
/// scripts.
final class StartException extends Exception {
    @Serial
    private static final long serialVersionUID = 1;

    private final ExitCode code;

    StartException(ExitCode code, String message) {
        super(message);
        this.code = code;
    }

    StartException(ExitCode code, String message, Throwable cause) {
        super(message, cause);
        this.code = code;
    }

    ExitCode code() {
        return code;
    }
}
