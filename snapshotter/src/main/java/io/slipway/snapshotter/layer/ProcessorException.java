package io.slipway.snapshotter.layer;

import java.io.IOException;

/// A stream processor could not do its work; the message names it.
public final class ProcessorException extends IOException {
    private static final long serialVersionUID = 1L;

    ProcessorException(String message) {
        super(message);
    }

    ProcessorException(String message, Throwable cause) {
        super(message, cause);
    }
}
