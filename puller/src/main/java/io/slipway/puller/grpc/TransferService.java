package io.slipway.puller.grpc;

import com.google.protobuf.Any;
import com.google.protobuf.Empty;
import io.slipway.api.services.transfer.v1.TransferGrpcService;
import io.slipway.api.services.transfer.v1.TransferRequest;
import io.slipway.api.types.transfer.ImageExportStream;
import io.slipway.api.types.transfer.ImageImportStream;
import io.slipway.api.types.transfer.ImageStore;
import io.slipway.api.types.transfer.OCIRegistry;
import io.slipway.api.types.transfer.RegistryResolver;
import io.slipway.api.types.transfer.UnpackConfiguration;
import io.slipway.cas.ApiException;
import io.slipway.cas.ApiException.Code;
import io.slipway.cas.grpc.Anys;
import io.slipway.cas.grpc.Call;
import io.slipway.cas.grpc.GrpcServices;
import io.slipway.puller.Access;
import io.slipway.puller.ImagePull;
import io.slipway.puller.ImageReference;
import io.slipway.puller.Platform;
import io.slipway.puller.PullListener;
import io.slipway.puller.PullRequest;
import io.slipway.puller.PullRequest.UnpackTarget;
import io.slipway.puller.RegistryException;
import io.slipway.puller.Unpacker;
import io.slipway.puller.hosts.HeaderText;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Transfer from a registry or an archive into the image store, and from there into an archive or under another name;
/// other pairs are not served.
public final class TransferService {
    private static final int HEADERS_MAX = 64;

    private final ImagePull images;
    private final Streams streams;
    private final Unpacker unpacker;
    private final ArchiveTransfers archives;

    /// All collaborators.
    public TransferService(ImagePull images, Streams streams, Unpacker unpacker, ArchiveTransfers archives) {
        this.images = images;
        this.streams = streams;
        this.unpacker = unpacker;
        this.archives = archives;
    }

    /// Serves Transfer.
    public void bind(GrpcServices server) {
        server.unary(TransferGrpcService.Transfer, this::transfer);
    }

    private Empty transfer(Call call, TransferRequest request) throws IOException, InterruptedException {
        String namespace = call.namespace();
        Any source = request.getSource();
        Any destination = request.getDestination();
        boolean fromStore = Anys.is(source, ImageStore.getDefaultInstance());
        boolean intoStore = Anys.is(destination, ImageStore.getDefaultInstance());
        Optional<Streams.Stream> progress =
                stream(namespace, request.getOptions().getProgressStream());
        try {
            if (Anys.is(source, OCIRegistry.getDefaultInstance()) && intoStore) {
                OCIRegistry registry = Anys.unpack(source, OCIRegistry.parser());
                pull(pullRequest(call, namespace, registry, store(destination)), progress);
            } else if (Anys.is(source, ImageImportStream.getDefaultInstance()) && intoStore) {
                ImageStore store = store(destination);
                List<UnpackTarget> unpacks = unpacks(store);
                archives.read(
                        call,
                        Anys.unpack(source, ImageImportStream.parser()),
                        store,
                        platforms(store),
                        unpacks,
                        progress);
            } else if (fromStore && Anys.is(destination, ImageExportStream.getDefaultInstance())) {
                ImageExportStream out = Anys.unpack(destination, ImageExportStream.parser());
                archives.write(call, store(source), out, platforms(out.getPlatformsList()), progress);
            } else if (fromStore && intoStore) {
                archives.tag(call, store(source), store(destination));
            } else {
                throw new ApiException(
                        Code.UNIMPLEMENTED,
                        "unable to transfer from " + Anys.typeName(source) + " to " + Anys.typeName(destination)
                                + ": not implemented");
            }
            return Empty.getDefaultInstance();
        } finally {
            progress.ifPresent(Streams.Stream::close);
        }
    }

    private static ImageStore store(Any any) {
        return Anys.unpack(any, ImageStore.parser());
    }

    private void pull(PullRequest pull, Optional<Streams.Stream> progress) throws InterruptedException {
        try {
            PullListener listener =
                    progress.<PullListener>map(ProgressLines::new).orElse(PullListener.NONE);
            images.pull(pull, listener);
        } catch (RegistryException e) {
            throw e.toApi();
        }
    }

    private Optional<Streams.Stream> stream(String namespace, String id) {
        return id.isEmpty() ? Optional.empty() : Optional.of(streams.get(namespace, id));
    }

    private PullRequest pullRequest(Call call, String namespace, OCIRegistry registry, ImageStore store) {
        if (store.getExtraReferencesCount() > 0) {
            throw new ApiException(
                    Code.UNIMPLEMENTED, "extra references of a pulled image are not supported: not implemented");
        }
        ImageReference reference = reference(registry.getReference());
        RegistryResolver resolver = registry.getResolver();
        Access access = stream(namespace, resolver.getAuthStream())
                .map(stream -> Access.anonymous().with(new StreamCredentials(stream)))
                .orElseGet(Access::anonymous);
        String name = store.getName().isEmpty() ? reference.name() : store.getName();
        return new PullRequest(
                namespace,
                reference,
                name,
                store.getLabelsMap(),
                platforms(store),
                unpacks(store),
                call.lease(),
                access,
                route(resolver));
    }

    private static List<Platform> platforms(ImageStore store) {
        return platforms(store.getPlatformsList());
    }

    private static List<Platform> platforms(List<io.slipway.api.types.Platform> wire) {
        return wire.stream().map(TransferService::platform).toList();
    }

    private List<UnpackTarget> unpacks(ImageStore store) {
        List<UnpackTarget> unpacks = new ArrayList<>();
        store.getUnpacksList().forEach(unpack -> unpacks.add(target(unpack)));
        return unpacks;
    }

    private static ImageReference reference(String text) {
        try {
            return ImageReference.parse(text);
        } catch (IllegalArgumentException e) {
            throw new ApiException(Code.INVALID_ARGUMENT, e.getMessage() + ": invalid argument", e);
        }
    }

    private UnpackTarget target(UnpackConfiguration unpack) {
        Platform platform = unpack.hasPlatform() ? platform(unpack.getPlatform()) : Platform.host();
        String snapshotter = unpack.getSnapshotter();
        if (!snapshotter.isEmpty()) {
            unpacker.require(snapshotter);
        }
        return new UnpackTarget(platform, snapshotter);
    }

    private static Platform platform(io.slipway.api.types.Platform wire) {
        if (wire.getArchitecture().isEmpty()) {
            return Platform.host();
        }
        return Platform.normalised(wire.getOs(), wire.getArchitecture(), wire.getVariant());
    }

    private static PullRequest.Route route(RegistryResolver resolver) {
        Map<String, List<String>> headers = new HashMap<>();
        resolver.getHeadersMap().forEach((name, value) -> {
            if (!HeaderText.isName(name) || !HeaderText.isValue(value) || headers.size() >= HEADERS_MAX) {
                throw new ApiException(
                        Code.INVALID_ARGUMENT,
                        "a header of the request is malformed, or there are too many: invalid argument");
            }
            headers.put(name, List.of(value));
        });
        String scheme = resolver.getDefaultScheme();
        if (!scheme.isEmpty() && !scheme.equals("http") && !scheme.equals("https")) {
            throw new ApiException(Code.INVALID_ARGUMENT, "default scheme must be http or https: invalid argument");
        }
        return new PullRequest.Route(nonEmpty(resolver.getHostDir()), nonEmpty(scheme), headers);
    }

    private static Optional<String> nonEmpty(String text) {
        return text.isEmpty() ? Optional.empty() : Optional.of(text);
    }
}
