package io.slipway.snapshotter.diff;

import io.slipway.cas.ApiException;
import io.slipway.snapshotter.layer.PathBytes;

/// Bounds the memory for names of one diff: those of every directory on the way down, which are sorted, and those of
/// files with several. One thread.
final class NameBudget {
    /// A third of the daemon's heap: about 190,000 names of a common length.
    static final long MAX_BYTES = 32 << 20;

    /// What a name costs beside its bytes: headers, references, its place in a tree or map.
    private static final int EACH_BYTES = 160;

    private long left = MAX_BYTES;

    /// Takes the memory of one name until it is given back.
    ///
    /// @param directory where the name was met
    /// @return what to give back
    /// @throws ApiException RESOURCE_EXHAUSTED when there is not as much
    long take(PathBytes directory, int bytes) {
        long cost = (long) bytes + EACH_BYTES;
        if (cost > left) {
            throw new ApiException(
                    ApiException.Code.RESOURCE_EXHAUSTED,
                    "directory " + directory + " can't be compared: its names, those of the directories above it and"
                            + " those of hard links take more than " + (MAX_BYTES >> 20)
                            + " MiB of memory to keep track of");
        }
        left -= cost;
        return cost;
    }

    void give(long cost) {
        left += cost;
    }
}
