package io.slipway.cas;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/// The local disk refused: no space, read-only, I/O error, too many open files. The message names what was
/// tried on which path and what to do; the cause is the operating system's own. Never thrown for what a
/// registry or caller did.
public final class StoreException extends IOException {

    private static final long serialVersionUID = 1L;

    private final boolean noSpace;

    public StoreException(String message, @Nullable Throwable cause, boolean noSpace) {
        super(message, cause);
        this.noSpace = noSpace;
    }

    /// The disk or a quota is full; making room helps.
    public boolean noSpace() {
        return noSpace;
    }
}
