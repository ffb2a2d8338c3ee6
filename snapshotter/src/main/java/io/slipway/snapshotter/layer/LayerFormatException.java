package io.slipway.snapshotter.layer;

import java.io.IOException;

/// The layer is damaged, or asks for something that must not or cannot be done; the message names the entry.
public final class LayerFormatException extends IOException {
    private static final long serialVersionUID = 1L;

    public LayerFormatException(String message) {
        super(message);
    }

    public LayerFormatException(String message, Throwable cause) {
        super(message, cause);
    }
}
