package io.slipway.daemon.cli;

import com.google.protobuf.Any;
import com.google.protobuf.Empty;
import io.slipway.api.services.transfer.v1.TransferGrpcClient;
import io.slipway.api.services.transfer.v1.TransferOptions;
import io.slipway.api.services.transfer.v1.TransferRequest;
import io.slipway.api.types.transfer.ImageStore;
import io.slipway.api.types.transfer.OCIRegistry;
import io.slipway.api.types.transfer.Progress;
import io.slipway.api.types.transfer.RegistryResolver;
import io.slipway.api.types.transfer.UnpackConfiguration;
import io.slipway.puller.ImageReference;
import io.slipway.puller.Platform;
import java.time.Clock;
import java.time.Duration;
import java.util.Optional;

/// Pulls an image, and unpacks it unless it is only to be stored, through the daemon's Transfer service, showing its
/// progress. Interruption cancels the
/// pull in the daemon; what has arrived stays there for the next one.
final class ImagePuller {
    private static final Duration TICK = Duration.ofMillis(100);

    private final Connection connection;
    private final Terminal terminal;
    private final Clock clock;

    ImagePuller(Connection connection, Terminal terminal, Clock clock) {
        this.connection = connection;
        this.terminal = terminal;
        this.clock = clock;
    }

    /// One pull.
    ///
    /// @param reference what
    /// @param platform for which machine, where the image has several
    /// @param unpack whether it is unpacked, too
    /// @param snapshotter where it is unpacked; empty until it is known which one the daemon takes
    /// @param plainHttp whether the registry is spoken to without TLS
    /// @param credentials for the registry of `reference`, if the user gave some
    record Request(
            ImageReference reference,
            Platform platform,
            boolean unpack,
            String snapshotter,
            boolean plainHttp,
            Optional<Credentials> credentials) {
        /// With the snapshotter that is meant.
        Request chosen(Connection connection) throws CallFailed, CommandFailed, InterruptedException {
            if (!unpack) {
                return this;
            }
            String chosen = Snapshotters.of(connection).choose(snapshotter);
            return new Request(reference, platform, true, chosen, plainHttp, credentials);
        }
    }

    void pull(Request request) throws CallFailed, CommandFailed, InterruptedException {
        LayerBoard board = new LayerBoard(request.unpack());
        ProgressView view = ProgressView.of(terminal, request.reference().name(), clock.instant());
        boolean failed = true;
        try (SideStream progress = SideStream.open(connection, "progress", (_, message) -> {
                    if (Messages.is(message, Messages.PROGRESS)) {
                        board.apply(Progress.parseFrom(message.getValue()));
                    }
                });
                AuthStream auth = AuthStream.open(connection, request.credentials())) {
            transfer(message(request, progress.id(), auth.id()), board, view);
            progress.drain();
            board.finish();
            failed = false;
        } finally {
            view.end(clock.instant(), board, failed);
        }
    }

    private void transfer(TransferRequest message, LayerBoard board, ProgressView view)
            throws CallFailed, CommandFailed, InterruptedException {
        try (Exchange<TransferRequest, Empty> transfer = connection.stream(TransferGrpcClient.Transfer, message)) {
            boolean over = false;
            while (!over) {
                Optional<Optional<Empty>> answer = transfer.poll(TICK);
                over = answer.isPresent() && answer.get().isEmpty();
                view.tick(clock.instant(), board);
            }
        }
    }

    private static TransferRequest message(Request request, String progressStream, Optional<String> authStream) {
        String name = request.reference().name();
        RegistryResolver.Builder resolver = RegistryResolver.newBuilder();
        authStream.ifPresent(resolver::setAuthStream);
        if (request.plainHttp()) {
            resolver.setDefaultScheme("http");
        }
        io.slipway.api.types.Platform platform = io.slipway.api.types.Platform.newBuilder()
                .setOs(request.platform().os())
                .setArchitecture(request.platform().architecture())
                .setVariant(request.platform().variant().orElse(""))
                .build();
        Any source = Messages.any(
                Messages.OCI_REGISTRY,
                OCIRegistry.newBuilder()
                        .setReference(name)
                        .setResolver(resolver)
                        .build());
        ImageStore.Builder store = ImageStore.newBuilder().setName(name).addPlatforms(platform);
        if (request.unpack()) {
            store.addUnpacks(
                    UnpackConfiguration.newBuilder().setPlatform(platform).setSnapshotter(request.snapshotter()));
        }
        Any destination = Messages.any(Messages.IMAGE_STORE, store.build());
        return TransferRequest.newBuilder()
                .setSource(source)
                .setDestination(destination)
                .setOptions(TransferOptions.newBuilder().setProgressStream(progressStream))
                .build();
    }
}
