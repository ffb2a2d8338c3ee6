package io.slipway.puller;

import io.slipway.cas.ApiException;
import io.slipway.cas.Arrival;
import io.slipway.cas.Descriptor;
import io.slipway.cas.Digest;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/// Port: turns layers that are still arriving into a chain of snapshots. Implemented by the snapshotter, plugged by the
/// daemon. All methods block and may be called by any number of threads at once.
public interface Unpacker {
    /// Starts to unpack and returns at once. The layers' arrivals belong to the unpacking from here on: it closes each
    /// of them when it no longer reads it, also when it fails or is cancelled.
    ///
    /// @param layersBottomFirst the image's layers, lowest first
    /// @param lease lease that must hold the snapshots made
    /// @throws io.slipway.cas.ApiException INVALID_ARGUMENT when there is no such snapshotter; the arrivals are
    ///     closed then too
    Unpacking unpack(
            String namespace,
            String snapshotter,
            List<Layer> layersBottomFirst,
            UnpackListener listener,
            Optional<String> lease);

    /// Whether the whole chain is already there, so that layers need not be fetched for unpacking.
    boolean unpacked(String namespace, String snapshotter, List<Digest> diffIds);

    /// The snapshotter an empty name stands for.
    String defaultSnapshotter();

    /// All usable snapshotters.
    List<String> snapshotters();

    /// Fails with INVALID_ARGUMENT, saying why, unless that snapshotter is usable.
    default void require(String snapshotter) {
        if (!snapshotters().contains(snapshotter)) {
            throw new ApiException(
                    ApiException.Code.INVALID_ARGUMENT,
                    "snapshotter not loaded: " + snapshotter + ": invalid argument");
        }
    }

    /// One layer on its way.
    ///
    /// @param descriptor as the manifest names it (media type, compressed digest and size)
    /// @param diffId digest of the uncompressed archive, from the image config
    /// @param arrival its bytes, positional and followable
    record Layer(Descriptor descriptor, Digest diffId, Arrival arrival) {}

    /// Told what happens to each layer; may be called by several threads at once; must not block or throw.
    interface UnpackListener {
        /// Bytes of the compressed layer consumed so far.
        void progress(Digest layer, long bytes);

        /// This layer is unpacked and verified (or was already there).
        void finished(Digest layer);

        /// Nobody listens.
        UnpackListener NONE = new UnpackListener() {
            @Override
            public void progress(Digest layer, long bytes) {}

            @Override
            public void finished(Digest layer) {}
        };
    }

    /// One unpacking under way.
    interface Unpacking {
        /// Waits until the chain is committed.
        ///
        /// @return its chain id, the name of the top snapshot
        /// @throws IOException when a layer is bad or cannot be written; the message names the layer
        Digest await() throws IOException, InterruptedException;

        /// Gives up: nothing half-made stays visible. Harmless when finished; may be called by any thread.
        void cancel();
    }
}
