package io.slipway.puller.archive;

/// An archive that is damaged, incomplete or not one of images. The message says what is wrong with which of its files.
final class BadArchive extends Exception {
    private static final long serialVersionUID = 1L;

    BadArchive(String message) {
        super(message);
    }

    BadArchive(String message, Throwable cause) {
        super(message, cause);
    }
}
