package io.slipway.snapshotter.unpack;

import io.slipway.cas.ApiException;
import io.slipway.cas.Digest;
import io.slipway.cas.Verdict;
import io.slipway.linux.Errno;
import io.slipway.linux.GzipFormatException;
import io.slipway.linux.LinuxException;
import io.slipway.snapshotter.layer.LayerFormatException;
import io.slipway.snapshotter.layer.ProcessorException;
import io.slipway.snapshotter.tar.TarFormatException;
import java.util.EnumSet;
import java.util.Set;

/// Turns what went wrong while a layer was unpacked into what its askers are told; each message names the
/// layer.
public final class LayerFailures {
    private static final Set<Errno> DISK =
            EnumSet.of(Errno.ENOSPC, Errno.EDQUOT, Errno.EROFS, Errno.EIO, Errno.EMFILE, Errno.ENFILE, Errno.ENOMEM);

    private LayerFailures() {}

    /// The failure as a caller of the API is told it.
    public static Throwable of(Digest layer, Throwable failure) {
        return switch (failure) {
            case TarFormatException e -> damaged(layer, e);
            case LayerFormatException e -> damaged(layer, e);
            case GzipFormatException e -> damaged(layer, e);
            case ProcessorException e ->
                new ApiException(ApiException.Code.FAILED_PRECONDITION, "layer " + layer + ": " + e.getMessage(), e);
            case LinuxException e
            when DISK.contains(e.errno()) ->
                new ApiException(
                        ApiException.Code.RESOURCE_EXHAUSTED,
                        "layer " + layer + ": " + e.getMessage() + ": " + trouble(e.errno()),
                        e);
            // Beyond a quota: nothing the disk is to blame for.
            case ApiException e when e.code() == ApiException.Code.RESOURCE_EXHAUSTED -> damaged(layer, e);
            case InterruptedException e ->
                new ApiException(ApiException.Code.CANCELLED, "layer " + layer + ": unpacking was cancelled", e);
            default -> failure;
        };
    }

    /// In words, and what to do.
    private static String trouble(Errno errno) {
        return switch (errno) {
            case ENOSPC -> "no space left on that file system; free some and pull again";
            case EDQUOT -> "no space left in a quota of that file system; raise it or free some and pull again";
            case EROFS -> "that file system is read-only; see the kernel's log";
            case EIO -> "the disk failed; see the kernel's log";
            default -> "the machine has none left for now; pull again, or raise the limit";
        };
    }

    private static ApiException damaged(Digest layer, Exception e) {
        return new ApiException(ApiException.Code.DATA_LOSS, "layer " + layer + ": " + e.getMessage(), e);
    }

    static ApiException rejected(Digest layer, Verdict.Rejected verdict) {
        return new ApiException(ApiException.Code.DATA_LOSS, "layer " + layer + ": " + verdict.reason());
    }

    static ApiException wrongDiffId(Digest layer, Digest expected, Digest actual) {
        return new ApiException(
                ApiException.Code.DATA_LOSS,
                "layer " + layer + ": its uncompressed bytes are " + actual + ", the image's config says " + expected);
    }
}
