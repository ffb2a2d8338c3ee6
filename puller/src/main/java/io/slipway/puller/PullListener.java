package io.slipway.puller;

import io.slipway.cas.Descriptor;
import io.slipway.cas.Digest;
import java.util.List;
import java.util.OptionalLong;

/// Told how a pull goes on: every change of state, and a tick per unfinished item about three times a second.
/// Called by one thread at a time, off the event loops; a slow listener delays only itself (ticks are dropped, changes
/// of state are not). Must not throw.
@FunctionalInterface
public interface PullListener {
    /// Something happened.
    void on(Event event);

    /// Nobody listens.
    PullListener NONE = event -> {};

    /// What can happen, in this order.
    sealed interface Event {
        /// The name is being looked up.
        record Resolving(ImageReference reference) implements Event {}

        /// The name stands for this.
        ///
        /// @param host the contacted host that said so
        record Resolved(ImageReference reference, Descriptor target, String host) implements Event {}

        /// One blob moved.
        record Progress(Item item) implements Event {}

        /// The image record is written.
        record Saved(String imageName, Descriptor target) implements Event {}

        /// All done.
        record Completed(ImageReference reference) implements Event {}
    }

    /// What a blob is in its image.
    enum Kind {
        INDEX,
        MANIFEST,
        CONFIG,
        LAYER,
        OTHER
    }

    /// Where a blob is on its way.
    enum State {
        /// Waiting for a download slot or an earlier part.
        QUEUED,
        /// Bytes are coming, or being waited for: see [Item#waitingFor].
        FETCHING,
        /// All bytes are there, the verdict is not.
        VERIFYING,
        /// Verified (or still arriving) and being unpacked.
        UNPACKING,
        /// Was already in the store.
        EXISTS,
        /// Verified, and unpacked where that was asked.
        DONE
    }

    /// One blob's progress.
    ///
    /// @param bytes bytes of the blob that are there; while UNPACKING bytes of it that are unpacked
    /// @param total its size when known
    /// @param bytesPerSecond over the last tick; 0 when unknown
    /// @param host the host the bytes come from; empty when none yet
    /// @param waitingFor why no bytes move, one phrase; empty when they do
    /// @param parents the manifests that name it
    record Item(
            Descriptor descriptor,
            Kind kind,
            State state,
            long bytes,
            OptionalLong total,
            long bytesPerSecond,
            String host,
            String waitingFor,
            List<Digest> parents) {
        /// Copies the list.
        public Item {
            parents = List.copyOf(parents);
        }
    }
}
