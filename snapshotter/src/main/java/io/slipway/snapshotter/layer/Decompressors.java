package io.slipway.snapshotter.layer;

import io.slipway.cas.Arrival;
import io.slipway.linux.InflaterProvider;
import java.io.IOException;

/// Chooses the decompressor by media type and by the first bytes. Thread-safe.
public final class Decompressors {
    private static final int MAGIC_BYTES = 4;

    private final InflaterProvider inflaters;
    private final Buffers buffers;
    private final WorkGate gate;

    /// Decompressors that inflate with `inflaters` and give back their permit of `gate` while they wait.
    public Decompressors(InflaterProvider inflaters, Buffers buffers, WorkGate gate) {
        this.inflaters = inflaters;
        this.buffers = buffers;
        this.gate = gate;
    }

    /// Opens the layer that is arriving. Waits for its first bytes; the caller holds a permit of the gate.
    public Decompressor open(String mediaType, Arrival arrival) throws IOException, InterruptedException {
        Compression compression = Compression.of(mediaType);
        ArrivalInput in = new ArrivalInput(arrival, gate, buffers);
        try {
            if (compression == Compression.NONE) {
                return new PlainDecompressor(in);
            }
            in.atLeast(MAGIC_BYTES);
            if (Compression.gzip(in.buffer())) {
                return new GzipDecompressor(in, inflaters.open(), buffers);
            }
            return Compression.zstd(in.buffer()) ? new ZstdDecompressor(in, buffers) : new PlainDecompressor(in);
        } catch (IOException | InterruptedException | RuntimeException | Error e) {
            in.close();
            throw e;
        }
    }
}
