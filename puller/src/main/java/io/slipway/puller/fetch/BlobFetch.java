package io.slipway.puller.fetch;

import io.slipway.cas.ByteRange;
import io.slipway.cas.Fetch;
import io.slipway.cas.Landing;
import io.slipway.puller.BlobSource;
import io.slipway.puller.RegistryException;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/// Lands one blob from the first of its sources that works; what one source brought, the next need not bring
/// again.
final class BlobFetch implements Fetch {
    /// Blobs with at least this much missing are split over several connections.
    static final long SPLIT_BYTES_MIN = 16L << 20;
    /// What one range request asks for.
    static final long PIECE_BYTES = 16L << 20;

    /// Finds the sources, in order, when the fetch begins.
    @FunctionalInterface
    interface Sources {
        List<BlobSource> find() throws RegistryException, InterruptedException;
    }

    /// Waits until the blob may be fetched; the slot is held until all of it is there.
    @FunctionalInterface
    interface Turn {
        /// For askers that are not bound.
        Turn AT_ONCE = () -> () -> {};

        Slots.Slot take() throws InterruptedException;
    }

    private final Sources sources;
    private final Round.Tools tools;
    private final FetchStatus status;
    private final Turn turn;
    private final int connections;
    private final boolean slotted;
    private final Set<String> used = ConcurrentHashMap.newKeySet();

    /// @param turn a place for the whole blob
    /// @param connections how many ranges at once
    /// @param slotted whether each range needs one of the origin's places; tiny blobs don't
    BlobFetch(Sources sources, Round.Tools tools, FetchStatus status, Turn turn, int connections, boolean slotted) {
        this.sources = sources;
        this.tools = tools;
        this.status = status;
        this.turn = turn;
        this.connections = connections;
        this.slotted = slotted;
    }

    /// Names of the sources that were asked so far.
    Set<String> used() {
        return Set.copyOf(used);
    }

    @Override
    public void run(Landing landing) throws IOException, InterruptedException {
        status.waiting("waiting for a download slot");
        try (Slots.Slot _ = turn.take()) {
            land(landing);
        } catch (RegistryException e) {
            throw e.toApi();
        }
    }

    private void land(Landing landing) throws IOException, InterruptedException {
        Optional<RegistryException> worst = Optional.empty();
        for (BlobSource source : sources.find()) {
            try {
                used.add(source.name());
                round(source, landing);
                return;
            } catch (LandingWriter.NotWritten e) {
                throw e.store();
            } catch (RegistryException e) {
                worst = Optional.of(
                        worst.map(known -> RegistryException.further(known, e)).orElse(e));
            }
        }
        throw worst.orElseGet(() -> new RegistryException(
                RegistryException.Code.NO_HOST,
                "",
                landing.digest() + ": no configured host may be asked for content; check hosts.toml"));
    }

    private void round(BlobSource source, Landing landing) throws IOException, InterruptedException {
        List<ByteRange> missing = landing.missing();
        if (missing.isEmpty()) {
            return;
        }
        long bytes = missing.stream().mapToLong(ByteRange::length).sum();
        boolean split = bytes >= SPLIT_BYTES_MIN;
        RangePlan plan = new RangePlan(missing, split ? PIECE_BYTES : Long.MAX_VALUE);
        new Round(source, landing, plan, tools, status, split ? connections : 1, slotted).run();
        if (landing.size().isPresent() && !landing.missing().isEmpty()) {
            throw new RegistryException(
                    RegistryException.Code.UNREACHABLE,
                    source.name(),
                    landing.digest() + ": " + source.name() + " left parts out");
        }
    }
}
