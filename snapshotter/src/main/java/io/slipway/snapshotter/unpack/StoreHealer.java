package io.slipway.snapshotter.unpack;

import io.slipway.cas.Arrival;
import io.slipway.cas.ArrivalRequest;
import io.slipway.cas.BlobStore;
import io.slipway.cas.Provenance;
import io.slipway.snapshotter.ImageUnpack;
import io.slipway.snapshotter.UnpackLayer;
import io.slipway.snapshotter.UnpackListener;
import io.slipway.snapshotter.UnpackRequest;
import io.slipway.snapshotter.meta.Healer;
import io.slipway.snapshotter.meta.LayerSource;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// [Healer] out of the blobs that the store still has; it fetches nothing.
public final class StoreHealer implements Healer {
    private static final Logger LOG = LoggerFactory.getLogger(StoreHealer.class);

    private final BlobStore blobs;
    private final ImageUnpack images;

    public StoreHealer(BlobStore blobs, ImageUnpack images) {
        this.blobs = blobs;
        this.images = images;
    }

    @Override
    public void heal(String namespace, String snapshotter, List<LayerSource> layers)
            throws IOException, InterruptedException {
        LOG.atWarn()
                .addKeyValue("namespace", namespace)
                .addKeyValue("layers", layers.size())
                .log("Layers that were not on disk when the machine went down are unpacked again");
        List<UnpackLayer> stored = new ArrayList<>();
        try {
            for (LayerSource layer : layers) {
                stored.add(new UnpackLayer(layer.descriptor(), layer.diffId(), stored(layer)));
            }
        } catch (IOException | RuntimeException e) {
            stored.forEach(layer -> layer.arrival().close());
            throw e;
        }
        String _ = images.unpack(
                        new UnpackRequest(namespace, snapshotter, stored, Optional.empty()), UnpackListener.NONE)
                .await();
    }

    private Arrival stored(LayerSource layer) throws IOException {
        ArrivalRequest request = new ArrivalRequest(
                layer.descriptor().digest(),
                OptionalLong.of(layer.descriptor().size()),
                Provenance.UNKNOWN,
                "layer to be unpacked again");
        return blobs.arrive(request, landing -> {
            throw new IOException("blob " + landing.digest() + " is no longer in the store");
        });
    }
}
