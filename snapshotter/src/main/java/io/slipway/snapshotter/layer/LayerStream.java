package io.slipway.snapshotter.layer;

import io.slipway.cas.ApiException;
import io.slipway.linux.Hasher;
import io.slipway.snapshotter.LayerQuota;
import io.slipway.snapshotter.tar.ByteSource;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/// The uncompressed stream on its way to the tar reader: hashed, counted, held to the quota, and stopped when
/// its thread is interrupted. One thread.
public final class LayerStream implements ByteSource {
    private final Decompressor decompressor;
    private final Hasher hasher;
    private final LayerQuota quota;
    private final LongConsumer progress;
    private long bytes;

    /// Tells `progress` the bytes so far at each run.
    public LayerStream(Decompressor decompressor, Hasher hasher, LayerQuota quota, LongConsumer progress) {
        this.decompressor = decompressor;
        this.hasher = hasher;
        this.quota = quota;
        this.progress = progress;
    }

    @Override
    public @Nullable ByteBuffer next() throws IOException, InterruptedException {
        if (Thread.interrupted()) {
            throw new InterruptedException();
        }
        ByteBuffer run = decompressor.next();
        if (run == null) {
            return null;
        }
        hasher.update(run.duplicate());
        bytes += run.remaining();
        hold();
        progress.accept(bytes);
        return run;
    }

    /// Uncompressed bytes so far.
    public long bytes() {
        return bytes;
    }

    private void hold() {
        if (bytes > quota.maxBytes()) {
            throw new ApiException(
                    ApiException.Code.RESOURCE_EXHAUSTED,
                    "layer of more than " + quota.maxBytes() + " uncompressed bytes");
        }
        long compressed = Math.max(decompressor.compressed(), 1);
        if (bytes > quota.ratioGraceBytes() && bytes / compressed >= quota.maxRatio()) {
            throw new ApiException(
                    ApiException.Code.RESOURCE_EXHAUSTED,
                    "layer compressed more than " + quota.maxRatio() + ":1 (" + bytes + " bytes out of " + compressed
                            + ")");
        }
    }
}
