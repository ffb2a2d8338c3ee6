package io.slipway.puller.grpc;

import com.google.protobuf.Any;
import com.google.protobuf.Empty;
import io.slipway.api.services.transfer.v1.TransferGrpcService;
import io.slipway.api.services.transfer.v1.TransferRequest;
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
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Transfer from a registry into the image store; other pairs are not served.
public final class TransferService {
    private static final int HEADERS_MAX = 64;

    private final ImagePull images;
    private final Streams streams;
    private final Unpacker unpacker;

    /// All collaborators.
    public TransferService(ImagePull images, Streams streams, Unpacker unpacker) {
        this.images = images;
        this.streams = streams;
        this.unpacker = unpacker;
    }

    /// Serves Transfer.
    public void bind(GrpcServices server) {
        server.unary(TransferGrpcService.Transfer, this::transfer);
    }

    private Empty transfer(Call call, TransferRequest request) throws InterruptedException {
        String namespace = call.namespace();
        Any source = request.getSource();
        Any destination = request.getDestination();
        if (!Anys.is(source, OCIRegistry.getDefaultInstance())
                || !Anys.is(destination, ImageStore.getDefaultInstance())) {
            throw new ApiException(
                    Code.UNIMPLEMENTED,
                    "unable to transfer from " + Anys.typeName(source) + " to " + Anys.typeName(destination)
                            + ": not implemented");
        }
        OCIRegistry registry = Anys.unpack(source, OCIRegistry.parser());
        ImageStore store = Anys.unpack(destination, ImageStore.parser());
        Optional<Streams.Stream> progress =
                stream(namespace, request.getOptions().getProgressStream());
        PullRequest pull = pullRequest(call, namespace, registry, store);
        try {
            PullListener listener =
                    progress.<PullListener>map(ProgressLines::new).orElse(PullListener.NONE);
            images.pull(pull, listener);
            return Empty.getDefaultInstance();
        } catch (RegistryException e) {
            throw e.toApi();
        } finally {
            progress.ifPresent(Streams.Stream::close);
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
        List<Platform> platforms = new ArrayList<>();
        store.getPlatformsList().forEach(platform -> platforms.add(platform(platform)));
        List<UnpackTarget> unpacks = new ArrayList<>();
        store.getUnpacksList().forEach(unpack -> unpacks.add(target(unpack)));
        String name = store.getName().isEmpty() ? reference.name() : store.getName();
        return new PullRequest(
                namespace,
                reference,
                name,
                store.getLabelsMap(),
                platforms,
                unpacks,
                call.lease(),
                access,
                route(resolver));
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
