package io.slipway.puller.image;

import io.slipway.cas.ApiException;
import io.slipway.cas.ArrivalFailedException;
import io.slipway.cas.StoreException;
import io.slipway.cas.Verdict;
import io.slipway.linux.LinuxException;
import io.slipway.puller.RegistryException;
import java.io.IOException;
import java.nio.file.FileSystemException;

/// What a failed part of a pull means for its caller.
public final class Failures {
    private static final int CAUSES_MAX = 16;

    private Failures() {}

    /// The failure of a blob, naming image and digest.
    static ApiException arrival(String what, ArrivalFailedException e) {
        String hint = e.verdict() instanceof Verdict.Rejected
                ? "; the registry's copy is damaged or forged, nothing of it was kept"
                : "";
        return new ApiException(e.code(), what + ": " + e.getMessage() + hint, e);
    }

    /// Whether a source sent bytes that are not the blob: another one, or the same once more, may send the
    /// right ones.
    static boolean isWrongBytes(ApiException e) {
        return e.getCause() instanceof ArrivalFailedException failed && failed.verdict() instanceof Verdict.Rejected;
    }

    /// The failure of the local side: disk, metadata, or a layer that can't be unpacked.
    public static ApiException local(String what, IOException e) {
        Throwable at = e;
        for (int i = 0; at != null && i < CAUSES_MAX; i++, at = at.getCause()) {
            switch (at) {
                case ApiException known -> {
                    return new ApiException(known.code(), what + ": " + known.getMessage(), e);
                }
                case RegistryException known -> {
                    return known.toApi();
                }
                case ArrivalFailedException failed -> {
                    return arrival(what, failed);
                }
                case StoreException _, FileSystemException _, LinuxException _ -> {
                    return new ApiException(
                            ApiException.Code.RESOURCE_EXHAUSTED, what + ": " + e.getMessage() + "; check the disk", e);
                }
                default -> {}
            }
        }
        return new ApiException(ApiException.Code.DATA_LOSS, what + ": " + e.getMessage(), e);
    }
}
