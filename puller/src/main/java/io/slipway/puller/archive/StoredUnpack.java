package io.slipway.puller.archive;

import io.slipway.cas.Arrival;
import io.slipway.cas.ArrivalRequest;
import io.slipway.cas.BlobStore;
import io.slipway.cas.Descriptor;
import io.slipway.cas.Digest;
import io.slipway.cas.GcLabels;
import io.slipway.cas.Provenance;
import io.slipway.puller.PullRequest.UnpackTarget;
import io.slipway.puller.Unpacker;
import io.slipway.puller.Unpacker.Unpacking;
import io.slipway.puller.archive.ImageTree.Whole;
import io.slipway.puller.image.ImageConfig;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/// Unpacks images whose layers are stored.
final class StoredUnpack {
    private final BlobStore store;
    private final Unpacker unpacker;

    StoredUnpack(BlobStore store, Unpacker unpacker) {
        this.store = store;
        this.unpacker = unpacker;
    }

    void check(List<UnpackTarget> targets) {
        targets.forEach(target -> unpacker.require(snapshotter(target)));
    }

    private String snapshotter(UnpackTarget target) {
        return target.snapshotter().isEmpty() ? unpacker.defaultSnapshotter() : target.snapshotter();
    }

    /// Unpacks what of the image runs on the platforms of the request.
    ///
    /// @return labels by which configs keep their snapshots
    Map<Digest, Map<String, String>> unpack(
            ImageTree tree, ImportRequest request, String lease, ArchiveListener listener)
            throws BadArchive, IOException, InterruptedException {
        Map<Digest, Map<String, String>> labels = new HashMap<>();
        for (UnpackTarget target : request.unpacks()) {
            Optional<Whole> image = tree.image(target.platform());
            if (image.isPresent() && !image.get().manifest().layers().isEmpty()) {
                String snapshotter = snapshotter(target);
                Digest chain = unpack(image.get(), request.namespace(), snapshotter, lease, listener);
                labels.computeIfAbsent(image.get().manifest().config().digest(), _ -> new HashMap<>())
                        .put(GcLabels.REF_SNAPSHOT + snapshotter, chain.toString());
            }
        }
        return labels;
    }

    private Digest unpack(Whole image, String namespace, String snapshotter, String lease, ArchiveListener listener)
            throws BadArchive, IOException, InterruptedException {
        List<Descriptor> layers = image.manifest().layers();
        List<Digest> diffIds = image.diffIds().orElse(List.of());
        if (diffIds.size() != layers.size()) {
            throw new BadArchive("the config of manifest " + image.descriptor().digest() + " names " + diffIds.size()
                    + " layers, the manifest " + layers.size());
        }
        if (unpacker.unpacked(namespace, snapshotter, diffIds)) {
            return ImageConfig.chainId(diffIds).orElseThrow();
        }
        layers.forEach(listener::unpacking);
        Unpacking unpacking = unpacker.unpack(
                namespace, snapshotter, arrivals(layers, diffIds), Unpacker.UnpackListener.NONE, Optional.of(lease));
        try {
            return unpacking.await();
        } finally {
            unpacking.cancel();
        }
    }

    private List<Unpacker.Layer> arrivals(List<Descriptor> layers, List<Digest> diffIds) throws IOException {
        List<Unpacker.Layer> arrivals = new ArrayList<>();
        try {
            for (int i = 0; i < layers.size(); i++) {
                arrivals.add(new Unpacker.Layer(layers.get(i), diffIds.get(i), stored(layers.get(i))));
            }
            return arrivals;
        } catch (IOException | RuntimeException e) {
            arrivals.forEach(layer -> layer.arrival().close());
            throw e;
        }
    }

    private Arrival stored(Descriptor layer) throws IOException {
        ArrivalRequest request = new ArrivalRequest(
                layer.digest(), OptionalLong.of(layer.size()), Provenance.UNKNOWN, "layer of an archive");
        return store.arrive(request, _ -> {
            throw new IOException("layer " + layer.digest() + " is gone from the store");
        });
    }
}
