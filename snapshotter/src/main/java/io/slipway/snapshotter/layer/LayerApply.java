package io.slipway.snapshotter.layer;

import io.slipway.snapshotter.LayerQuota;
import io.slipway.snapshotter.tar.ByteSource;
import io.slipway.snapshotter.tar.TarEntry;
import io.slipway.snapshotter.tar.TarLimits;
import io.slipway.snapshotter.tar.TarReader;
import java.io.IOException;
import java.nio.ByteBuffer;

/// Drives one layer's stream through the tar reader into a sink.
public final class LayerApply {
    private LayerApply() {}

    /// Applies the whole stream, trailing bytes included.
    public static LayerNotes run(ByteSource stream, LayerSink sink, LayerQuota quota)
            throws IOException, InterruptedException {
        ByteSource source = sink.wantsStream() ? new Teed(stream, sink) : stream;
        TarReader reader = new TarReader(source, new TarLimits(quota.maxEntries(), quota.maxBytes()));
        for (TarEntry entry = reader.next(); entry != null; entry = reader.next()) {
            sink.entry(entry, reader);
        }
        reader.drain();
        return sink.finish();
    }

    private static final class Teed implements ByteSource {
        private final ByteSource stream;
        private final LayerSink sink;
        private long position;

        Teed(ByteSource stream, LayerSink sink) {
            this.stream = stream;
            this.sink = sink;
        }

        @Override
        public @org.jspecify.annotations.Nullable ByteBuffer next() throws IOException, InterruptedException {
            ByteBuffer run = stream.next();
            if (run != null) {
                sink.stream(run.duplicate(), position);
                position += run.remaining();
            }
            return run;
        }
    }
}
