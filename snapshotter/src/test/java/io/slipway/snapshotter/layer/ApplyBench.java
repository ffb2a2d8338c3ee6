package io.slipway.snapshotter.layer;

import io.slipway.linux.Dir;
import io.slipway.linux.Hasher;
import io.slipway.linux.Hashers;
import io.slipway.linux.Inflaters;
import io.slipway.snapshotter.LayerQuota;
import io.slipway.snapshotter.testing.Blobs;
import io.slipway.snapshotter.testing.BytesArrival;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// Applies layer files into fresh directories, all at once, and prints the time: `ApplyBench OUT WIDTH
/// LAYER...`. Not a test; for profiling by hand.
public final class ApplyBench {
    private ApplyBench() {}

    public static void main(String[] args) throws Exception {
        Path out = Path.of(args[0]);
        int width = Integer.parseInt(args[1]);
        boolean discard = args[0].endsWith("discard");
        Buffers buffers = new Buffers();
        WorkGate gate = new WorkGate(width);
        Decompressors decompressors = new Decompressors(Inflaters.best(), buffers, gate, StreamProcessors.NONE);
        System.out.println(Inflaters.best().name() + ", " + Hashers.best().name());
        List<byte[]> layers = new ArrayList<>();
        for (int i = 2; i < args.length; i++) {
            layers.add(Files.readAllBytes(Path.of(args[i])));
        }
        for (int round = 0; round < Integer.getInteger("rounds", 1); round++) {
            long start = System.nanoTime();
            long[] bytes = new long[layers.size()];
            long[] entries = new long[layers.size()];
            List<Thread> threads = new ArrayList<>();
            for (int i = 0; i < layers.size(); i++) {
                int n = i;
                Path dir = out.resolve(round + "-" + i);
                threads.add(Thread.ofPlatform().start(() -> {
                    try {
                        gate.enter(0);
                        try (BytesArrival arrival = BytesArrival.whole(layers.get(n));
                                Decompressor d = decompressors.open(arrival.descriptor(Blobs.GZIP), arrival, Map.of());
                                Hasher hasher = Hashers.best().open("sha256");
                                LayerSink sink = discard ? new DiscardSink() : sink(dir)) {
                            LayerStream stream = new LayerStream(d, hasher, LayerQuota.DEFAULT, _ -> {});
                            LayerNotes notes = LayerApply.run(stream, sink, LayerQuota.DEFAULT);
                            bytes[n] = stream.bytes();
                            entries[n] = notes.entries();
                        } finally {
                            gate.leave();
                        }
                    } catch (IOException | InterruptedException e) {
                        throw new IllegalStateException(e);
                    }
                }));
            }
            for (Thread thread : threads) {
                thread.join();
            }
            double seconds = (System.nanoTime() - start) / 1e9;
            long all = java.util.Arrays.stream(bytes).sum();
            long files = java.util.Arrays.stream(entries).sum();
            System.out.printf(
                    "%.3f s, %d bytes, %d entries: %.0f MB/s, %.0f entries/s%n",
                    seconds, all, files, all / 1e6 / seconds, files / seconds);
        }
    }

    private static LayerSink sink(Path dir) throws IOException {
        Files.createDirectories(dir);
        return new DirectorySink(
                Dir.openRoot(dir),
                OverlayForm.TRUSTED,
                022,
                LayerQuota.DEFAULT,
                NoteBudget.of(NoteMemory.LAYER_BYTES_MAX),
                new LargeFiles());
    }
}
