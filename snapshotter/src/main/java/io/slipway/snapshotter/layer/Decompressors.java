package io.slipway.snapshotter.layer;

import io.slipway.cas.ApiException;
import io.slipway.cas.Arrival;
import io.slipway.cas.Descriptor;
import io.slipway.linux.InflaterProvider;
import java.io.IOException;
import java.util.List;
import java.util.Map;

/// Chooses stream processors by media type, and the decompressor by it and by the first bytes. Thread-safe.
public final class Decompressors {
    private static final int MAGIC_BYTES = 4;

    private final InflaterProvider inflaters;
    private final Buffers buffers;
    private final WorkGate gate;
    private final StreamProcessors processors;

    /// Decompressors that inflate with `inflaters` and give back their permit of `gate` while they wait.
    ///
    /// @param processors for layers of media types that we don't know
    public Decompressors(InflaterProvider inflaters, Buffers buffers, WorkGate gate, StreamProcessors processors) {
        this.inflaters = inflaters;
        this.buffers = buffers;
        this.gate = gate;
        this.processors = processors;
    }

    /// Refuses a media type that [#open] would refuse.
    ///
    /// @throws ApiException UNIMPLEMENTED
    public void require(String mediaType) {
        List<StreamProcessor> _ = processors.chain(mediaType);
    }

    /// Opens the layer that is arriving. Waits for its first bytes; the caller holds a permit of the gate.
    ///
    /// @param payloads for stream processors, by their id; each a `google.protobuf.Any`
    /// @throws ApiException UNIMPLEMENTED for a media type that can't be read
    public Decompressor open(Descriptor layer, Arrival arrival, Map<String, byte[]> payloads)
            throws IOException, InterruptedException {
        List<StreamProcessor> chain = processors.chain(layer.mediaType());
        String mediaType = chain.isEmpty() ? layer.mediaType() : chain.getLast().returns();
        LayerBytes bytes = processors.process(chain, layer, new ArrivalBytes(arrival), payloads, buffers);
        LayerInput in = new LayerInput(bytes, gate, buffers);
        try {
            if (Compression.of(mediaType) == Compression.NONE) {
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
