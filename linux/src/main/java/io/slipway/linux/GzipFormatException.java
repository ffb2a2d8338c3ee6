package io.slipway.linux;

import java.io.IOException;

/// The bytes are no gzip member (RFC 1952), or a damaged one. The message says what is wrong.
public final class GzipFormatException extends IOException {
    private static final long serialVersionUID = 1L;

    GzipFormatException(String message) {
        super(message);
    }
}
