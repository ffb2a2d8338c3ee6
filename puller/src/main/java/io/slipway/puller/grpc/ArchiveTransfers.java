package io.slipway.puller.grpc;

import io.slipway.api.types.transfer.ImageExportStream;
import io.slipway.api.types.transfer.ImageImportStream;
import io.slipway.api.types.transfer.ImageReference;
import io.slipway.api.types.transfer.ImageStore;
import io.slipway.api.types.transfer.Progress;
import io.slipway.cas.ApiException;
import io.slipway.cas.ApiException.Code;
import io.slipway.cas.Descriptor;
import io.slipway.cas.Image;
import io.slipway.cas.Images;
import io.slipway.cas.grpc.Anys;
import io.slipway.cas.grpc.Call;
import io.slipway.puller.Platform;
import io.slipway.puller.PullRequest.UnpackTarget;
import io.slipway.puller.archive.ArchiveFormat;
import io.slipway.puller.archive.ArchiveListener;
import io.slipway.puller.archive.ExportRequest;
import io.slipway.puller.archive.ImageArchives;
import io.slipway.puller.archive.ImportRequest;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Transfers between archives on a client's stream and the image store (containerd-semantics 19).
public final class ArchiveTransfers {
    /// For what an archive does not name, where the client does not say: no registry, so that it stands in for no
    /// image of one.
    private static final String BASE_DEFAULT = "localhost/imported";

    private final ImageArchives archives;
    private final Images images;
    private final Streams streams;

    /// All collaborators.
    public ArchiveTransfers(ImageArchives archives, Images images, Streams streams) {
        this.archives = archives;
        this.images = images;
        this.streams = streams;
    }

    void read(
            Call call,
            ImageImportStream source,
            ImageStore store,
            List<Platform> platforms,
            List<UnpackTarget> unpacks,
            Optional<Streams.Stream> progress)
            throws InterruptedException {
        ImportRequest request = new ImportRequest(
                call.namespace(), base(store), naming(store), store.getLabelsMap(), platforms, unpacks, call.lease());
        Lines lines = new Lines(progress);
        lines.say("Importing");
        Streams.Stream data = streams.get(call.namespace(), source.getStream());
        try {
            var _ = archives.read(request, new StreamInput(data), lines);
        } finally {
            data.close();
        }
        lines.say("Completed import");
    }

    private static String base(ImageStore store) {
        if (!store.getName().isEmpty()) {
            throw new ApiException(
                    Code.UNIMPLEMENTED, "a name for the whole index of an archive is not supported: not implemented");
        }
        return switch (store.getExtraReferencesCount()) {
            case 0 -> BASE_DEFAULT;
            case 1 -> store.getExtraReferences(0).getIsPrefix() ? prefix(store.getExtraReferences(0)) : notOnePrefix();
            default -> notOnePrefix();
        };
    }

    private static String prefix(ImageReference reference) {
        try {
            var _ = io.slipway.puller.ImageReference.parse(reference.getName() + ":any");
            return reference.getName();
        } catch (IllegalArgumentException e) {
            throw new ApiException(Code.INVALID_ARGUMENT, e.getMessage() + ": invalid argument", e);
        }
    }

    private static String notOnePrefix() {
        throw new ApiException(
                Code.UNIMPLEMENTED, "an archive's images take one prefix and no other names: not implemented");
    }

    private static ImportRequest.Naming naming(ImageStore store) {
        if (store.getExtraReferencesCount() == 0) {
            return new ImportRequest.Naming(false, false, false);
        }
        ImageReference reference = store.getExtraReferences(0);
        return new ImportRequest.Naming(
                !reference.getAllowOverwrite(), reference.getAddDigest(), reference.getSkipNamedDigest());
    }

    void write(
            Call call,
            ImageStore store,
            ImageExportStream destination,
            List<Platform> platforms,
            Optional<Streams.Stream> progress)
            throws InterruptedException {
        ArchiveFormat format = ArchiveFormat.of(destination.getMediaType())
                .orElseThrow(() -> new ApiException(
                        Code.INVALID_ARGUMENT,
                        "archives of type \"" + destination.getMediaType() + "\" are not written: invalid argument"));
        ExportRequest request = new ExportRequest(
                call.namespace(),
                names(store),
                destination.getAllPlatforms() ? List.of() : platforms.isEmpty() ? List.of(Platform.host()) : platforms,
                format,
                !destination.getSkipCompatibilityManifest(),
                call.lease());
        Lines lines = new Lines(progress);
        lines.say("Exporting");
        Streams.Stream data = streams.get(call.namespace(), destination.getStream());
        try {
            archives.write(request, new StreamOutput(data), lines);
        } finally {
            data.close();
        }
        lines.say("Completed export");
    }

    private static List<String> names(ImageStore store) {
        List<String> names = new ArrayList<>();
        if (!store.getName().isEmpty()) {
            names.add(store.getName());
        }
        store.getExtraReferencesList().forEach(reference -> names.add(reference.getName()));
        if (names.isEmpty()) {
            throw new ApiException(Code.INVALID_ARGUMENT, "an export needs an image: invalid argument");
        }
        return names;
    }

    void tag(Call call, ImageStore from, ImageStore to) throws IOException {
        Image image = images.get(call.namespace(), from.getName())
                .orElseThrow(() -> ApiException.notFound("image \"" + from.getName() + "\""));
        if (to.getName().isEmpty()) {
            throw ApiException.invalid("a new name is required");
        }
        var _ = images.put(call.namespace(), to.getName(), image.target(), to.getLabelsMap(), call.lease());
    }

    /// The texts that containerd's clients match.
    private record Lines(Optional<Streams.Stream> stream) implements ArchiveListener {
        void say(String event) throws InterruptedException {
            if (stream.isPresent()) {
                var _ = stream.get()
                        .send(Anys.pack(Progress.newBuilder().setEvent(event).build()));
            }
        }

        @Override
        public void image(String name, Descriptor target) {
            tell(Progress.newBuilder().setEvent("saved").setName(name).setDesc(wire(target)));
        }

        @Override
        public void unpacking(Descriptor layer) {
            tell(Progress.newBuilder()
                    .setEvent("extracting")
                    .setName("layer-" + layer.digest())
                    .setTotal(layer.size())
                    .setDesc(wire(layer)));
        }

        private void tell(Progress.Builder line) {
            try {
                if (stream.isPresent()) {
                    var _ = stream.get().send(Anys.pack(line.build()));
                }
            } catch (InterruptedException e) {
                // The work itself will notice at its next wait.
                Thread.currentThread().interrupt();
            }
        }

        private static io.slipway.api.types.Descriptor wire(Descriptor descriptor) {
            return io.slipway.api.types.Descriptor.newBuilder()
                    .setMediaType(descriptor.mediaType())
                    .setDigest(descriptor.digest().toString())
                    .setSize(descriptor.size())
                    .build();
        }
    }
}
