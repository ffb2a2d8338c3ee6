package io.slipway.cas;

import java.io.IOException;

/// A source says or sends another size than the blob has. A fetch that has another source may go on with that
/// one; a fetch that ends with this makes the blob rejected.
public final class SizeMismatchException extends IOException {

    private static final long serialVersionUID = 1L;

    public SizeMismatchException(String message) {
        super(message);
    }
}
