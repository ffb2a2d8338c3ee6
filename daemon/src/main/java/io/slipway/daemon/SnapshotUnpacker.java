package io.slipway.daemon;

import io.slipway.cas.ApiException;
import io.slipway.cas.Digest;
import io.slipway.puller.Unpacker;
import io.slipway.snapshotter.ImageUnpack;
import io.slipway.snapshotter.UnpackLayer;
import io.slipway.snapshotter.UnpackRequest;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/// The puller's port, answered by the snapshotter.
final class SnapshotUnpacker implements Unpacker {
    private final ImageUnpack images;
    private final String defaultSnapshotter;
    private final List<String> snapshotters;

    SnapshotUnpacker(ImageUnpack images, String defaultSnapshotter, List<String> snapshotters) {
        this.images = images;
        this.defaultSnapshotter = defaultSnapshotter;
        this.snapshotters = List.copyOf(snapshotters);
    }

    @Override
    public Unpacking unpack(
            String namespace,
            String snapshotter,
            List<Layer> layersBottomFirst,
            UnpackListener listener,
            Optional<String> lease) {
        List<UnpackLayer> layers = layersBottomFirst.stream()
                .map(l -> new UnpackLayer(l.descriptor(), l.diffId(), l.arrival()))
                .toList();
        return new Running(
                images.unpack(new UnpackRequest(namespace, snapshotter, layers, lease), new Heard(listener)));
    }

    @Override
    public boolean unpacked(String namespace, String snapshotter, List<Digest> diffIds) {
        try {
            return images.unpacked(namespace, snapshotter, diffIds);
        } catch (IOException e) {
            throw new ApiException(
                    ApiException.Code.INTERNAL, "cannot read the snapshots of " + namespace + ": " + e.getMessage(), e);
        }
    }

    @Override
    public String defaultSnapshotter() {
        return defaultSnapshotter;
    }

    @Override
    public List<String> snapshotters() {
        return snapshotters;
    }

    @Override
    public void require(String snapshotter) {
        images.require(snapshotter);
    }

    private record Heard(UnpackListener listener) implements io.slipway.snapshotter.UnpackListener {
        @Override
        public void progress(int index, Digest layer, long bytes) {
            listener.progress(layer, bytes);
        }

        @Override
        public void done(int index, Digest layer, boolean already) {
            listener.finished(layer);
        }
    }

    private record Running(io.slipway.snapshotter.Unpacking unpacking) implements Unpacking {
        @Override
        public Digest await() throws IOException, InterruptedException {
            return Digest.parse(unpacking.await());
        }

        @Override
        public void cancel() {
            unpacking.cancel();
        }
    }
}
