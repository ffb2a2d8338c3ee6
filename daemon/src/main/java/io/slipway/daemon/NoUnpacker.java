package io.slipway.daemon;

import io.slipway.cas.ApiException;
import io.slipway.cas.Digest;
import io.slipway.puller.Unpacker;
import java.util.List;
import java.util.Optional;

/// The puller's port where no snapshotter can be used: images are pulled into the store and stay packed.
final class NoUnpacker implements Unpacker {
    private final String defaultSnapshotter;
    private final String why;

    NoUnpacker(String defaultSnapshotter, String why) {
        this.defaultSnapshotter = defaultSnapshotter;
        this.why = why;
    }

    @Override
    public Unpacking unpack(
            String namespace,
            String snapshotter,
            List<Layer> layersBottomFirst,
            UnpackListener listener,
            Optional<String> lease) {
        layersBottomFirst.forEach(layer -> layer.arrival().close());
        throw unavailable(snapshotter);
    }

    @Override
    public void require(String snapshotter) {
        throw unavailable(snapshotter);
    }

    private ApiException unavailable(String snapshotter) {
        String name = snapshotter.isEmpty() ? defaultSnapshotter : snapshotter;
        return ApiException.failedPrecondition(
                "nothing can be unpacked into " + name + ": " + why + "; see `slipway snapshotters`");
    }

    @Override
    public boolean unpacked(String namespace, String snapshotter, List<Digest> diffIds) {
        return false;
    }

    @Override
    public String defaultSnapshotter() {
        return defaultSnapshotter;
    }

    @Override
    public List<String> snapshotters() {
        return List.of();
    }
}
