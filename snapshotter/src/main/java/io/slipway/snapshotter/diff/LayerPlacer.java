package io.slipway.snapshotter.diff;

import io.slipway.cas.Algorithm;
import io.slipway.cas.ApiException;
import io.slipway.cas.Arrival;
import io.slipway.cas.ArrivalRequest;
import io.slipway.cas.BlobStore;
import io.slipway.cas.Contents;
import io.slipway.cas.Derived;
import io.slipway.cas.Descriptor;
import io.slipway.cas.Digest;
import io.slipway.cas.Provenance;
import io.slipway.linux.Dir;
import io.slipway.linux.Hasher;
import io.slipway.linux.HasherProvider;
import io.slipway.linux.Mounts;
import io.slipway.linux.Os;
import io.slipway.linux.OverlayMount;
import io.slipway.snapshotter.LayerQuota;
import io.slipway.snapshotter.layer.Decompressor;
import io.slipway.snapshotter.layer.Decompressors;
import io.slipway.snapshotter.layer.DirectorySink;
import io.slipway.snapshotter.layer.FlatMerge;
import io.slipway.snapshotter.layer.LargeFiles;
import io.slipway.snapshotter.layer.LayerApply;
import io.slipway.snapshotter.layer.LayerNotes;
import io.slipway.snapshotter.layer.LayerSink;
import io.slipway.snapshotter.layer.LayerStream;
import io.slipway.snapshotter.layer.LinkStep;
import io.slipway.snapshotter.layer.NoteBudget;
import io.slipway.snapshotter.layer.NoteMemory;
import io.slipway.snapshotter.layer.OverlayForm;
import io.slipway.snapshotter.layer.PathBytes;
import io.slipway.snapshotter.layer.WorkGate;
import io.slipway.snapshotter.unpack.LayerFailures;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/// Applies a stored layer onto mounts. Into an overlay whose upper directory is still empty it goes directly, in
/// the overlay's form; into anything else it is unpacked aside first, so that a damaged layer changes nothing, and
/// then merged ([FlatMerge]). Thread-safe; each call holds its thread.
final class LayerPlacer implements AutoCloseable {
    private static final String APPLIED_TYPE = LayerType.PLAIN.mediaType();
    private static final byte[] SELF = new byte[0];

    private final BlobStore blobs;
    private final Contents contents;
    private final Derived derived;
    private final Decompressors decompressors;
    private final WorkGate gate;
    private final NoteMemory notes;
    private final HasherProvider hashers;
    private final LayerQuota quota;
    private final Mounts system;
    private final Path scratch;
    private final LargeFiles largeFiles = new LargeFiles();

    /// @param gate that of `decompressors`
    /// @param scratch an existing directory for mount points and layers unpacked aside
    LayerPlacer(
            BlobStore blobs,
            Contents contents,
            Derived derived,
            Decompressors decompressors,
            WorkGate gate,
            NoteMemory notes,
            HasherProvider hashers,
            LayerQuota quota,
            Mounts system,
            Path scratch) {
        this.blobs = blobs;
        this.contents = contents;
        this.derived = derived;
        this.decompressors = decompressors;
        this.gate = gate;
        this.notes = notes;
        this.hashers = hashers;
        this.quota = quota;
        this.system = system;
        this.scratch = scratch;
    }

    /// Returns the plain layer: its digest is the diff id.
    ///
    /// @throws ApiException NOT_FOUND when the namespace does not have the blob, INVALID_ARGUMENT for mounts that
    ///     can't be written, UNIMPLEMENTED for a media type, DATA_LOSS for a damaged layer
    Descriptor place(PlaceRequest request) throws IOException, InterruptedException {
        Digest digest = request.layer().digest();
        if (contents.info(request.namespace(), digest).isEmpty()) {
            throw ApiException.notFound("content digest " + digest);
        }
        Optional<OverlayMount> overlay = OverlayMount.of(request.mounts());
        if (overlay.isPresent() ? overlay.get().upper().isEmpty() : OverlayMount.isReadOnly(request.mounts())) {
            throw ApiException.invalid("the mounts are for reading only: there is no place for layer " + digest);
        }
        if (overlay.isPresent() && Mounts.mapIds(request.mounts())) {
            throw ApiException.invalid("the mounts show files with other owners, in which layer " + digest
                    + " can't be written; apply it to a snapshot without labels for that");
        }
        try (Arrival arrival = stored(request)) {
            Applied applied =
                    overlay.filter(o -> isReadable(o) && isEmpty(upper(o))).isPresent()
                            ? intoUpper(overlay.get(), request, arrival)
                            : intoTree(request, arrival);
            String diffId = applied.diffId().toString();
            derived.put(digest, LayerMaker.DIFF_ID, diffId.getBytes(StandardCharsets.US_ASCII));
            return new Descriptor(APPLIED_TYPE, applied.diffId(), applied.bytes());
        } catch (IOException | InterruptedException | RuntimeException e) {
            throw told(digest, e);
        }
    }

    private static IOException told(Digest layer, Exception failure) throws InterruptedException {
        return switch (LayerFailures.of(layer, failure)) {
            case IOException e -> e;
            case RuntimeException e -> throw e;
            default -> new IOException("layer " + layer + ": " + failure.getMessage(), failure);
        };
    }

    private Arrival stored(PlaceRequest request) throws IOException {
        ArrivalRequest wanted = new ArrivalRequest(
                request.layer().digest(), OptionalLong.empty(), Provenance.UNKNOWN, "layer to be applied");
        return blobs.arrive(wanted, landing -> {
            throw new IOException("blob " + landing.digest() + " is no longer in the store");
        });
    }

    private record Applied(Digest diffId, long bytes, LayerNotes notes) {}

    private static Path upper(OverlayMount overlay) {
        return Path.of(overlay.upper().orElseThrow());
    }

    /// Whether the mount reads the form that layers are applied in.
    private static boolean isReadable(OverlayMount overlay) {
        try {
            return overlay.userXattr() == (OverlayForm.ofProcess() == OverlayForm.USER);
        } catch (IOException _) {
            return false;
        }
    }

    private static boolean isEmpty(Path directory) {
        try (var entries = Files.newDirectoryStream(directory)) {
            return !entries.iterator().hasNext();
        } catch (IOException _) {
            return false;
        }
    }

    private Applied intoUpper(OverlayMount overlay, PlaceRequest request, Arrival arrival)
            throws IOException, InterruptedException {
        List<Dir> lowers = new ArrayList<>();
        try (Dir own = Dir.openRoot(upper(overlay))) {
            try (NoteBudget budget = notes.open(gate)) {
                Applied applied = apply(own, request, arrival, budget);
                for (String lower : overlay.lowers()) {
                    lowers.add(Dir.openRoot(Path.of(lower)));
                }
                var _ = LinkStep.overOverlay(own, lowers, OverlayForm.ofProcess(), Os.umask())
                        .run(applied.notes());
                sync(request, own);
                return applied;
            } catch (IOException | InterruptedException | RuntimeException e) {
                empty(own, e);
                throw e;
            }
        } finally {
            lowers.forEach(Dir::close);
        }
    }

    private static void empty(Dir directory, Exception cause) {
        try {
            directory.forEach(entry -> directory.removeTree(entry.name()));
        } catch (IOException e) {
            cause.addSuppressed(e);
        }
    }

    private Applied intoTree(PlaceRequest request, Arrival arrival) throws IOException, InterruptedException {
        Path aside = Files.createTempDirectory(scratch, "layer");
        try (MountedTree tree = MountedTree.writing(request.mounts(), system, scratch);
                Dir layer = Dir.openRoot(aside);
                NoteBudget budget = notes.open(gate)) {
            OverlayForm form = OverlayForm.ofProcess();
            Applied applied = apply(layer, request, arrival, budget);
            Set<PathBytes> implied = LinkStep.overPlain(layer, List.of(tree.dir()), form, Os.umask())
                    .run(applied.notes());
            FlatMerge.run(layer, tree.dir(), form, implied);
            sync(request, tree.dir());
            return applied;
        } finally {
            remove(aside);
        }
    }

    private void remove(Path aside) throws IOException {
        try (Dir dir = Dir.openRoot(scratch)) {
            dir.removeTree(aside.getFileName().toString().getBytes(StandardCharsets.US_ASCII));
        }
    }

    private static void sync(PlaceRequest request, Dir dir) throws IOException {
        if (request.sync()) {
            dir.syncFileSystem();
        }
    }

    private Applied apply(Dir into, PlaceRequest request, Arrival arrival, NoteBudget budget)
            throws IOException, InterruptedException {
        gate.enter(request.layer().size());
        try (Decompressor bytes = decompressors.open(request.layer(), arrival, request.payloads());
                Hasher hasher = hashers.open(Algorithm.SHA256.id());
                LayerSink sink = new DirectorySink(
                        into.openDir(SELF), OverlayForm.ofProcess(), Os.umask(), quota, budget, largeFiles)) {
            LayerStream stream = new LayerStream(bytes, hasher, quota, _ -> {});
            LayerNotes notes = LayerApply.run(stream, sink, quota);
            Digest diffId = Digest.of(Algorithm.SHA256, hasher.digest());
            String expected = request.layer().annotations().getOrDefault(LayerMaker.UNCOMPRESSED, diffId.toString());
            if (!expected.equals(diffId.toString())) {
                throw new ApiException(
                        ApiException.Code.DATA_LOSS,
                        "layer " + request.layer().digest() + ": its uncompressed bytes are " + diffId
                                + ", its descriptor says " + expected);
            }
            return new Applied(diffId, stream.bytes(), notes);
        } finally {
            gate.leave();
        }
    }

    @Override
    public void close() {
        largeFiles.close();
    }
}
