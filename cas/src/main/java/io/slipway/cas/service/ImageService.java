package io.slipway.cas.service;

import com.google.protobuf.Empty;
import com.google.protobuf.Timestamp;
import io.slipway.api.services.images.v1.CreateImageRequest;
import io.slipway.api.services.images.v1.CreateImageResponse;
import io.slipway.api.services.images.v1.DeleteImageRequest;
import io.slipway.api.services.images.v1.GetImageRequest;
import io.slipway.api.services.images.v1.GetImageResponse;
import io.slipway.api.services.images.v1.ImagesGrpcService;
import io.slipway.api.services.images.v1.ListImagesRequest;
import io.slipway.api.services.images.v1.ListImagesResponse;
import io.slipway.api.services.images.v1.UpdateImageRequest;
import io.slipway.api.services.images.v1.UpdateImageResponse;
import io.slipway.cas.ApiException;
import io.slipway.cas.Descriptor;
import io.slipway.cas.Digest;
import io.slipway.cas.Image;
import io.slipway.cas.Images;
import io.slipway.cas.filter.Filter;
import io.slipway.cas.grpc.Call;
import io.slipway.cas.grpc.GrpcServices;
import java.io.IOException;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// `containerd.services.images.v1.Images` (containerd-semantics 10).
final class ImageService {

    private static final String LABEL = "labels.";
    private static final String ANNOTATION = "annotations.";

    private final Images images;

    ImageService(Images images) {
        this.images = images;
    }

    void bind(GrpcServices server) {
        server.unary(ImagesGrpcService.Get, this::get);
        server.unary(ImagesGrpcService.List, this::list);
        server.unary(ImagesGrpcService.Create, this::create);
        server.unary(ImagesGrpcService.Update, this::update);
        server.unary(ImagesGrpcService.Delete, this::delete);
    }

    private GetImageResponse get(Call call, GetImageRequest request) throws IOException {
        var image = images.get(call.namespace(), request.getName())
                .orElseThrow(() -> ApiException.notFound("image \"" + request.getName() + "\""));
        return GetImageResponse.newBuilder().setImage(message(image)).build();
    }

    private ListImagesResponse list(Call call, ListImagesRequest request) throws IOException {
        var response = ListImagesResponse.newBuilder();
        images.list(call.namespace(), Filter.parse(request.getFiltersList()))
                .forEach(image -> response.addImages(message(image)));
        return response.build();
    }

    private CreateImageResponse create(Call call, CreateImageRequest request) throws IOException {
        var namespace = call.namespace();
        var wanted = request.getImage();
        requireName(wanted);
        var image = images.create(
                namespace,
                wanted.getName(),
                target(wanted.getTarget()),
                wanted.getLabelsMap(),
                call.lease(),
                at(request.hasSourceDateEpoch(), request.getSourceDateEpoch()));
        return CreateImageResponse.newBuilder().setImage(message(image)).build();
    }

    private UpdateImageResponse update(Call call, UpdateImageRequest request) throws IOException {
        var namespace = call.namespace();
        var wanted = request.getImage();
        requireName(wanted);
        var paths = request.getUpdateMask().getPathsList();
        var image = images.update(
                namespace,
                wanted.getName(),
                before -> change(before, wanted, paths),
                call.lease(),
                at(request.hasSourceDateEpoch(), request.getSourceDateEpoch()));
        return UpdateImageResponse.newBuilder().setImage(message(image)).build();
    }

    private Empty delete(Call call, DeleteImageRequest request) throws IOException {
        var namespace = call.namespace();
        Optional<Digest> target = request.hasTarget()
                ? Optional.of(Wire.digest(request.getTarget().getDigest()))
                : Optional.empty();
        images.delete(namespace, request.getName(), target, request.getSync());
        return Empty.getDefaultInstance();
    }

    /// The image as the mask asks for it; without a mask target and labels are replaced.
    private static Images.Changed change(
            Image before, io.slipway.api.services.images.v1.Image wanted, List<String> paths) {
        if (paths.isEmpty()) {
            return new Images.Changed(target(wanted.getTarget()), wanted.getLabelsMap());
        }
        var target = before.target();
        Map<String, String> labels = new LinkedHashMap<>(before.labels());
        Map<String, String> annotations = new LinkedHashMap<>(target.annotations());
        for (var path : paths) {
            if (path.equals("target")) {
                target = target(wanted.getTarget());
                annotations = new LinkedHashMap<>(target.annotations());
            } else if (path.equals("labels")) {
                labels = new LinkedHashMap<>(wanted.getLabelsMap());
            } else if (path.equals("annotations")) {
                annotations = new LinkedHashMap<>(wanted.getTarget().getAnnotationsMap());
            } else if (path.startsWith(LABEL)) {
                set(labels, path.substring(LABEL.length()), wanted.getLabelsMap());
            } else if (path.startsWith(ANNOTATION)) {
                set(
                        annotations,
                        path.substring(ANNOTATION.length()),
                        wanted.getTarget().getAnnotationsMap());
            } else {
                throw ApiException.invalid("cannot update \"" + path + "\" field on image \"" + before.name() + "\"");
            }
        }
        return new Images.Changed(
                new Descriptor(target.mediaType(), target.digest(), target.size(), annotations), labels);
    }

    /// An empty or absent value removes the key.
    private static void set(Map<String, String> map, String key, Map<String, String> sent) {
        var value = sent.getOrDefault(key, "");
        if (value.isEmpty()) {
            map.remove(key);
        } else {
            map.put(key, value);
        }
    }

    private static void requireName(io.slipway.api.services.images.v1.Image image) {
        if (image.getName().isEmpty()) {
            throw ApiException.invalid("Image.Name required");
        }
    }

    private static Descriptor target(io.slipway.api.types.Descriptor sent) {
        Digest digest;
        try {
            digest = Digest.parse(sent.getDigest());
        } catch (IllegalArgumentException e) {
            throw ApiException.invalid("Target.Digest \"" + sent.getDigest() + "\" invalid: " + e.getMessage());
        }
        if (sent.getSize() <= 0) {
            throw ApiException.invalid("Target.Size must be greater than zero");
        }
        return new Descriptor(sent.getMediaType(), digest, sent.getSize(), sent.getAnnotationsMap());
    }

    private static Optional<Instant> at(boolean given, Timestamp time) {
        return given ? Optional.of(Wire.instant(time)) : Optional.empty();
    }

    private static io.slipway.api.services.images.v1.Image message(Image image) {
        return io.slipway.api.services.images.v1.Image.newBuilder()
                .setName(image.name())
                .putAllLabels(image.labels())
                .setTarget(Wire.descriptor(image.target()))
                .setCreatedAt(Wire.timestamp(image.createdAt()))
                .setUpdatedAt(Wire.timestamp(image.updatedAt()))
                .build();
    }
}
