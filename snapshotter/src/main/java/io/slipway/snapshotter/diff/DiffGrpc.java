package io.slipway.snapshotter.diff;

import io.slipway.api.services.diff.v1.ApplyRequest;
import io.slipway.api.services.diff.v1.ApplyResponse;
import io.slipway.api.services.diff.v1.DiffGrpcService;
import io.slipway.api.services.diff.v1.DiffResponse;
import io.slipway.cas.ApiException;
import io.slipway.cas.Descriptor;
import io.slipway.cas.Digest;
import io.slipway.cas.grpc.Call;
import io.slipway.cas.grpc.GrpcServices;
import io.slipway.linux.Mount;
import io.slipway.linux.Timestamp;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// containerd's Diff service: translates, calls, translates back.
final class DiffGrpc {
    private final DiffService diffs;

    DiffGrpc(DiffService diffs) {
        this.diffs = diffs;
    }

    /// Serves every call of the service.
    void bind(GrpcServices server) {
        server.unary(DiffGrpcService.Diff, this::diff);
        server.unary(DiffGrpcService.Apply, this::apply);
    }

    private DiffResponse diff(Call call, io.slipway.api.services.diff.v1.DiffRequest r)
            throws IOException, InterruptedException {
        Optional<Timestamp> latest = r.hasSourceDateEpoch()
                ? Optional.of(new Timestamp(
                        r.getSourceDateEpoch().getSeconds(),
                        r.getSourceDateEpoch().getNanos()))
                : Optional.empty();
        DiffRequest request = new DiffRequest(
                call.namespace(),
                call.lease(),
                mounts(r.getLeftList()),
                mounts(r.getRightList()),
                LayerType.of(r.getMediaType()),
                r.getRef(),
                r.getLabelsMap(),
                latest);
        return DiffResponse.newBuilder().setDiff(message(diffs.make(request))).build();
    }

    private ApplyResponse apply(Call call, ApplyRequest r) throws IOException, InterruptedException {
        io.slipway.api.types.Descriptor sent = r.getDiff();
        Descriptor layer =
                new Descriptor(sent.getMediaType(), digest(sent.getDigest()), sent.getSize(), sent.getAnnotationsMap());
        Map<String, byte[]> payloads = new HashMap<>();
        r.getPayloadsMap().forEach((processor, payload) -> payloads.put(processor, payload.toByteArray()));
        PlaceRequest request =
                new PlaceRequest(call.namespace(), layer, mounts(r.getMountsList()), r.getSyncFs(), payloads);
        return ApplyResponse.newBuilder()
                .setApplied(message(diffs.place(request)))
                .build();
    }

    private static Digest digest(String text) {
        try {
            return Digest.parse(text);
        } catch (IllegalArgumentException e) {
            throw ApiException.invalid("\"" + text + "\": " + e.getMessage());
        }
    }

    private static List<Mount> mounts(List<io.slipway.api.types.Mount> mounts) {
        return mounts.stream()
                .map(mount -> new Mount(
                        mount.getType(), mount.getSource(), mount.getTarget(), List.copyOf(mount.getOptionsList())))
                .toList();
    }

    private static io.slipway.api.types.Descriptor message(Descriptor descriptor) {
        return io.slipway.api.types.Descriptor.newBuilder()
                .setMediaType(descriptor.mediaType())
                .setDigest(descriptor.digest().toString())
                .setSize(descriptor.size())
                .putAllAnnotations(descriptor.annotations())
                .build();
    }
}
