package io.slipway.mirror;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/// An address of the mirror that cannot be listened on.
public final class MirrorAddressException extends IOException {

    private static final long serialVersionUID = 1L;

    private final String address;
    private final boolean inUse;

    MirrorAddressException(String address, boolean inUse, String what, @Nullable Throwable cause) {
        super(what, cause);
        this.address = address;
        this.inUse = inUse;
    }

    /// The address as it was given.
    public String address() {
        return address;
    }

    /// True when somebody else listens there.
    public boolean inUse() {
        return inUse;
    }
}
