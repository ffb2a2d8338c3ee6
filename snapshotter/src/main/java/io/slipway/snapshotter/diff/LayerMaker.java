package io.slipway.snapshotter.diff;

import io.slipway.cas.Algorithm;
import io.slipway.cas.ApiException;
import io.slipway.cas.Contents;
import io.slipway.cas.Derived;
import io.slipway.cas.Descriptor;
import io.slipway.cas.Digest;
import io.slipway.cas.Ingests;
import io.slipway.linux.Dir;
import io.slipway.linux.Hasher;
import io.slipway.linux.HasherProvider;
import io.slipway.linux.Mounts;
import io.slipway.linux.OverlayMount;
import io.slipway.snapshotter.layer.Buffers;
import io.slipway.snapshotter.tar.ByteSink;
import io.slipway.snapshotter.tar.TarWriter;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Executor;

/// Makes a layer of what changed between two lists of mounts and puts it into the content store, streaming: walk,
/// hash, pack, write. Thread-safe; each call holds its thread.
final class LayerMaker {
    static final String UNCOMPRESSED = "containerd.io/uncompressed";
    static final String DIFF_ID = "diffid";

    /// Blocks packed at once for one layer: what it buys ends at the speed of the walk, and each takes 0.6 MiB.
    private static final int WIDTH_MAX = 16;

    private final Ingests ingests;
    private final Contents contents;
    private final Derived derived;
    private final HasherProvider hashers;
    private final Buffers buffers;
    private final Executor packers;
    private final int width;
    private final Mounts system;
    private final Path scratch;

    /// @param packers deflates blocks; each takes a few milliseconds
    /// @param scratch an existing directory for mount points
    LayerMaker(
            Ingests ingests,
            Contents contents,
            Derived derived,
            HasherProvider hashers,
            Buffers buffers,
            Executor packers,
            Mounts system,
            Path scratch) {
        this.ingests = ingests;
        this.contents = contents;
        this.derived = derived;
        this.hashers = hashers;
        this.buffers = buffers;
        this.packers = packers;
        this.width = Math.min(Runtime.getRuntime().availableProcessors(), WIDTH_MAX);
        this.system = system;
        this.scratch = scratch;
    }

    /// The blob, durable and visible in the namespace; one that was there already is fine.
    Descriptor make(DiffRequest request, String ref) throws IOException, InterruptedException {
        try (Ingests.Ingest ingest = ingests.open(request.namespace(), ref, request.lease())) {
            try {
                ingest.truncate();
                return commit(request, ingest, write(request, ingest));
            } catch (IOException | InterruptedException | RuntimeException e) {
                abort(ingest, e);
                throw e;
            }
        }
    }

    private static void abort(Ingests.Ingest ingest, Exception cause) {
        try {
            ingest.abort();
        } catch (IOException | RuntimeException e) {
            cause.addSuppressed(e);
        }
    }

    /// What was written.
    private record Written(Digest diffId, Digest blob) {}

    private Written write(DiffRequest request, Ingests.Ingest ingest) throws IOException, InterruptedException {
        try (Hasher hasher = hashers.open(Algorithm.SHA256.id());
                Hasher packed = hashers.open(Algorithm.SHA256.id());
                Compressor compressor = compressor(request.type(), run -> {
                    packed.update(run.duplicate());
                    ingest.write(run);
                })) {
            ByteSink hashed = run -> {
                hasher.update(run.duplicate());
                compressor.write(run);
            };
            ByteBuffer one = buffers.take();
            ByteBuffer other = buffers.take();
            try {
                walk(request, new LayerWriter(new TarWriter(hashed), request.latest(), one), new SameNode(one, other));
            } finally {
                buffers.give(one);
                buffers.give(other);
            }
            compressor.finish();
            return new Written(
                    Digest.of(Algorithm.SHA256, hasher.digest()), Digest.of(Algorithm.SHA256, packed.digest()));
        }
    }

    private Compressor compressor(LayerType type, ByteSink out) throws IOException {
        return switch (type) {
            case PLAIN -> new PlainCompressor(out, buffers);
            case GZIP -> new GzipCompressor(out, buffers, packers, width);
            case ZSTD -> new ZstdCompressor(out, width);
        };
    }

    private void walk(DiffRequest request, LayerWriter out, SameNode same) throws IOException, InterruptedException {
        Optional<OverlayMount> overlay = OverlayMount.of(request.right())
                .filter(right -> right.upper().isPresent()
                        && OverlayMount.shown(request.left()).equals(Optional.of(right.lowers())));
        try (MountedTree left = MountedTree.reading(request.left(), system, scratch);
                MountedTree right = MountedTree.reading(request.right(), system, scratch)) {
            if (overlay.isEmpty()) {
                new TreeDiff(Optional.of(left.dir()), right.dir(), Optional.empty(), out, same).run();
                return;
            }
            Path upper = Path.of(overlay.get().upper().orElseThrow());
            try (Dir dir = Dir.openRoot(upper)) {
                Upper hint = new Upper(dir, overlay.get().userXattr());
                new TreeDiff(Optional.of(left.dir()), right.dir(), Optional.of(hint), out, same).run();
            }
        }
    }

    private Descriptor commit(DiffRequest request, Ingests.Ingest ingest, Written written) throws IOException {
        long size = ingest.status().offset();
        Digest digest = written.blob();
        String diffId = written.diffId().toString();
        Map<String, String> labels = new HashMap<>(request.labels());
        labels.put(UNCOMPRESSED, diffId);
        try {
            ingest.commit(size, Optional.of(digest), labels);
        } catch (ApiException e) {
            if (e.code() != ApiException.Code.ALREADY_EXISTS) {
                throw e;
            }
            var _ = contents.link(request.namespace(), digest, labels, request.lease());
        }
        derived.put(digest, DIFF_ID, diffId.getBytes(StandardCharsets.US_ASCII));
        return new Descriptor(request.type().mediaType(), digest, size);
    }
}
