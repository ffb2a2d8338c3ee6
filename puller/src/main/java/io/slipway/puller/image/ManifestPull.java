package io.slipway.puller.image;

import io.slipway.cas.ApiException;
import io.slipway.cas.Arrival;
import io.slipway.cas.ArrivalFailedException;
import io.slipway.cas.Blob;
import io.slipway.cas.Descriptor;
import io.slipway.cas.Digest;
import io.slipway.cas.GcLabels;
import io.slipway.cas.Provenance;
import io.slipway.cas.Verdict;
import io.slipway.puller.Platform;
import io.slipway.puller.PullListener.Kind;
import io.slipway.puller.PullRequest.UnpackTarget;
import io.slipway.puller.PulledImage.PulledManifest;
import io.slipway.puller.RegistryException.Code;
import io.slipway.puller.Unpacker;
import io.slipway.puller.Unpacker.Unpacking;
import io.slipway.puller.fetch.Blobs;
import io.slipway.puller.fetch.FetchStatus;
import io.slipway.puller.image.Document.BadDocument;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/// Config and layers of one manifest: all asked for at once; unpacking begins as soon as the config is there.
final class ManifestPull {
    private final Pull pull;
    private final Pull.Chosen chosen;
    private final Platform wanted;
    private final Map<Digest, Arrival> arrivals = new LinkedHashMap<>();

    ManifestPull(Pull pull, Pull.Chosen chosen, Platform wanted) {
        this.pull = pull;
        this.chosen = chosen;
        this.wanted = wanted;
    }

    PulledManifest run() throws IOException, InterruptedException {
        List<Running> unpackings = new ArrayList<>();
        boolean finished = false;
        try {
            List<Digest> parents = new ArrayList<>(chosen.parents());
            parents.add(chosen.descriptor().digest());
            ask(chosen.manifest().config(), Kind.CONFIG, parents);
            for (Descriptor layer : chosen.manifest().layers()) {
                ask(layer, Kind.LAYER, parents);
            }
            Optional<ImageConfig> config = config();
            Optional<Platform> platform = chosen.platform().or(() -> config.flatMap(ImageConfig::platform));
            if (config.isPresent()) {
                checkPlatform(config.get());
                startUnpacking(config.get(), unpackings);
            }
            awaitBlobs(unpackings);
            Optional<Digest> chainId = awaitUnpackings(unpackings);
            arrivals.values().forEach(arrival -> pull.links().keep(arrival, Map.of()));
            labelSnapshots(unpackings);
            finished = true;
            pull.board().showChanges();
            return new PulledManifest(
                    chosen.descriptor(),
                    chosen.manifest().config(),
                    chosen.manifest().layers(),
                    platform,
                    chainId);
        } finally {
            if (!finished) {
                unpackings.forEach(running -> running.unpacking().cancel());
                arrivals.values().forEach(Arrival::close);
            }
        }
    }

    private void ask(Descriptor descriptor, Kind kind, List<Digest> parents) throws IOException, InterruptedException {
        if (arrivals.containsKey(descriptor.digest())) {
            return;
        }
        requireOpen(descriptor.digest());
        FetchStatus status = new FetchStatus();
        Arrival arrival = arrive(descriptor, status);
        arrivals.put(descriptor.digest(), arrival);
        pull.board().add(descriptor, kind, parents, arrival, status);
    }

    private Arrival arrive(Descriptor descriptor, FetchStatus status) throws IOException {
        Blobs.Wanted wish = new Blobs.Wanted(
                descriptor.digest(),
                OptionalLong.of(descriptor.size()),
                pull.request().reference().repository(),
                chosen.provenance(),
                "part of " + pull.request().reference(),
                true);
        return pull.parts()
                .blobs()
                .arrive(
                        wish,
                        pull.sessionFor(chosen.provenance()),
                        pull.request().route(),
                        status);
    }

    /// The config of an image; empty for artifacts, whose config is of another type.
    private Optional<ImageConfig> config() throws IOException, InterruptedException {
        Descriptor descriptor = chosen.manifest().config();
        if (!MediaTypes.isImageConfig(descriptor.mediaType())) {
            return Optional.empty();
        }
        if (descriptor.size() > ImageConfig.BYTES_MAX) {
            throw pull.refused(
                    Code.TOO_LARGE,
                    "config " + descriptor.digest() + " has " + descriptor.size() + " bytes, more than "
                            + ImageConfig.BYTES_MAX);
        }
        Arrival arrival = java.util.Objects.requireNonNull(arrivals.get(descriptor.digest()));
        verified(arrival);
        try (Blob blob = pull.parts().store().open(descriptor.digest()).orElseThrow()) {
            ByteBuffer bytes = ByteBuffer.allocate((int) blob.size());
            while (bytes.hasRemaining() && blob.read(bytes.position(), bytes) >= 0) {}
            return Optional.of(ImageConfig.parse(bytes.array()));
        } catch (BadDocument e) {
            throw pull.refused(Code.BAD_FORMAT, "config " + descriptor.digest() + ": " + e.getMessage());
        }
    }

    /// Bytes that another namespace has brought, or is bringing, are this one's when its own source has them for
    /// it; asked before anything is made of them.
    private void requireOpen(Digest digest) throws IOException, InterruptedException {
        String repository = pull.request().reference().repository();
        if (pull.parts().contents().isOpenTo(pull.request().namespace(), digest)
                || isKnownSource(digest)
                || pull.parts()
                        .reads()
                        .allowed(
                                pull.sessionFor(chosen.provenance()),
                                repository,
                                digest,
                                pull.request().route())) {
            return;
        }
        throw pull.refused(
                Code.NOT_FOUND,
                "blob " + digest + " is not in " + repository + "; what other namespaces have is not shared");
    }

    /// Whom a registry let read without a name does not matter.
    private boolean isKnownSource(Digest digest) throws IOException {
        return chosen.provenance().access() instanceof Provenance.Access.Public
                && pull.parts().contents().provenance(digest).contains(chosen.provenance());
    }

    private void verified(Arrival arrival) throws IOException, InterruptedException {
        try {
            arrival.awaitVerified();
        } catch (ArrivalFailedException e) {
            throw Failures.arrival(pull.request().reference().name(), e);
        }
    }

    private void checkPlatform(ImageConfig config) throws IOException {
        if (chosen.platform().isEmpty()
                && config.platform().isPresent()
                && !PlatformChoice.runs(config.platform().get(), wanted)) {
            throw pull.refused(
                    Code.NOT_FOUND,
                    "no match for platform in manifest: it is for "
                            + config.platform().get() + ", asked was " + wanted);
        }
    }

    /// One unpacking under way, with a future that tells its end.
    private record Running(String snapshotter, Unpacking unpacking, CompletableFuture<Digest> chainId) {}

    private void startUnpacking(ImageConfig config, List<Running> unpackings) throws IOException {
        for (UnpackTarget target : pull.request().unpacks()) {
            if (PlatformChoice.runs(chosen.platform().or(config::platform).orElse(wanted), target.platform())) {
                unpackings.add(unpack(config, pull.snapshotter(target)));
            }
        }
    }

    private Running unpack(ImageConfig config, String snapshotter) throws IOException {
        List<Descriptor> layers = chosen.manifest().layers();
        if (config.diffIds().size() != layers.size()) {
            throw pull.refused(
                    Code.BAD_FORMAT,
                    "the config names " + config.diffIds().size() + " layers, the manifest " + layers.size());
        }
        Unpacker unpacker = pull.parts().unpacker();
        if (layers.isEmpty() || unpacker.unpacked(pull.request().namespace(), snapshotter, config.diffIds())) {
            return new Running(
                    snapshotter,
                    new Done(),
                    ImageConfig.chainId(config.diffIds())
                            .map(CompletableFuture::completedFuture)
                            .orElseGet(() -> CompletableFuture.completedFuture(
                                    chosen.manifest().config().digest())));
        }
        pull.board().expectUnpacking();
        List<Unpacker.Layer> arriving = new ArrayList<>();
        try {
            for (int i = 0; i < layers.size(); i++) {
                arriving.add(new Unpacker.Layer(
                        layers.get(i), config.diffIds().get(i), arrive(layers.get(i), new FetchStatus())));
            }
        } catch (IOException | RuntimeException e) {
            arriving.forEach(layer -> layer.arrival().close());
            throw e;
        }
        Unpacking unpacking = unpacker.unpack(
                pull.request().namespace(),
                snapshotter,
                arriving,
                new ToBoard(pull.board()),
                Optional.of(pull.lease()));
        CompletableFuture<Digest> end = new CompletableFuture<>();
        Thread.ofVirtual().name("await unpacking").start(() -> {
            try {
                end.complete(unpacking.await());
            } catch (IOException | InterruptedException | RuntimeException e) {
                end.completeExceptionally(e);
            }
        });
        return new Running(snapshotter, unpacking, end);
    }

    private record ToBoard(Board board) implements Unpacker.UnpackListener {
        @Override
        public void progress(Digest layer, long bytes) {
            board.unpacking(layer, bytes);
        }

        @Override
        public void finished(Digest layer) {
            board.unpacked(layer);
        }
    }

    /// Nothing to do.
    private static final class Done implements Unpacking {
        @Override
        public Digest await() {
            throw new IllegalStateException("nobody waits for what is done");
        }

        @Override
        public void cancel() {}
    }

    /// Waits until all blobs are verified; the first failure of a blob, or of an unpacking, ends the wait.
    /// Each verified blob is made visible under the lease at once, so that a pull that dies keeps what it has.
    private void awaitBlobs(List<Running> unpackings) throws IOException, InterruptedException {
        CompletableFuture<@Nullable Void> end = new CompletableFuture<>();
        AtomicInteger left = new AtomicInteger(arrivals.size());
        for (Arrival arrival : arrivals.values()) {
            Thread.ofVirtual()
                    .name("await " + arrival.digest().hex().substring(0, 12))
                    .start(() -> {
                        try {
                            arrival.awaitVerified();
                            pull.links().visible(arrival.digest());
                            pull.board().showChanges();
                            if (left.decrementAndGet() == 0) {
                                end.complete(null);
                            }
                        } catch (IOException | InterruptedException | RuntimeException e) {
                            end.completeExceptionally(e);
                        }
                    });
        }
        for (Running running : unpackings) {
            var _ = running.chainId().whenComplete((_, failure) -> {
                if (failure instanceof ApiException known && known.code() == ApiException.Code.DATA_LOSS) {
                    // Whether the layer is at fault or who sent it, only the verdicts tell.
                    arrivals.values().forEach(Arrival::doubt);
                } else if (failure != null) {
                    end.completeExceptionally(failure);
                }
            });
        }
        try {
            end.get();
        } catch (ExecutionException e) {
            throw failure(e.getCause());
        }
    }

    private Optional<Digest> awaitUnpackings(List<Running> unpackings) throws IOException, InterruptedException {
        Optional<Digest> chainId = Optional.empty();
        for (Running running : unpackings) {
            try {
                Digest chain = running.chainId().get();
                chainId = chosen.manifest().layers().isEmpty() ? Optional.empty() : Optional.of(chain);
            } catch (ExecutionException e) {
                throw failure(e.getCause());
            }
        }
        return chainId;
    }

    /// An unpacking that failed because its layer did is the layer's failure.
    private IOException failure(@Nullable Throwable cause) throws InterruptedException {
        String what = pull.request().reference().name();
        for (Arrival arrival : arrivals.values()) {
            Verdict verdict = arrival.verdict().getNow(new Verdict.Verified(0));
            if (!(verdict instanceof Verdict.Verified)) {
                throw Failures.arrival(what, ArrivalFailedException.of(arrival.digest(), verdict));
            }
        }
        return switch (cause) {
            case InterruptedException interrupted -> throw interrupted;
            case RuntimeException known -> throw known;
            case IOException io -> throw Failures.local(what, io);
            case null, default -> new IOException(cause);
        };
    }

    /// The config keeps the unpacked snapshot alive (containerd's gc.ref.snapshot).
    private void labelSnapshots(List<Running> unpackings) {
        Map<String, String> labels = new HashMap<>();
        if (!chosen.manifest().layers().isEmpty()) {
            for (Running running : unpackings) {
                labels.put(
                        GcLabels.REF_SNAPSHOT + running.snapshotter(),
                        running.chainId().join().toString());
            }
        }
        pull.links().label(chosen.manifest().config().digest(), labels);
    }
}
