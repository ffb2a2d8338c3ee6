package io.slipway.snapshotter.tar;

import java.io.IOException;

/// The stream is no tar that can be applied; the message names the entry or the position.
public final class TarFormatException extends IOException {
    private static final long serialVersionUID = 1L;

    /// What is wrong, and with which entry.
    public TarFormatException(String message) {
        super(message);
    }
}
