package io.slipway.daemon;

import io.netty.channel.unix.Errors;
import java.net.BindException;
import org.jspecify.annotations.Nullable;

/// Tells "somebody listens there" from every other reason not to get an address.
final class AddressInUse {
    /// errno(3), asm-generic/errno.h; Netty hands errors on negated.
    private static final int EADDRINUSE_NEGATIVE = -98;

    private AddressInUse() {}

    /// The epoll transport reports bind(2) with its own exception, not with the JDK's.
    static boolean is(@Nullable Throwable failure) {
        for (Throwable at = failure; at != null; at = at.getCause()) {
            if (at instanceof BindException) {
                return true;
            }
            if (at instanceof Errors.NativeIoException bind && bind.expectedErr() == EADDRINUSE_NEGATIVE) {
                return true;
            }
        }
        return false;
    }
}
