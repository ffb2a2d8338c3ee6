package io.slipway.cas.service;

import com.google.protobuf.Empty;
import io.slipway.api.services.leases.v1.AddResourceRequest;
import io.slipway.api.services.leases.v1.CreateRequest;
import io.slipway.api.services.leases.v1.CreateResponse;
import io.slipway.api.services.leases.v1.DeleteRequest;
import io.slipway.api.services.leases.v1.DeleteResourceRequest;
import io.slipway.api.services.leases.v1.LeasesGrpcService;
import io.slipway.api.services.leases.v1.ListRequest;
import io.slipway.api.services.leases.v1.ListResourcesRequest;
import io.slipway.api.services.leases.v1.ListResourcesResponse;
import io.slipway.api.services.leases.v1.ListResponse;
import io.slipway.api.services.leases.v1.Resource;
import io.slipway.cas.Lease;
import io.slipway.cas.Leases;
import io.slipway.cas.filter.Filter;
import io.slipway.cas.grpc.Call;
import io.slipway.cas.grpc.GrpcServices;
import java.io.IOException;
import java.util.Optional;

/// `containerd.services.leases.v1.Leases` (containerd-semantics 9).
final class LeaseService {

    private final Leases leases;

    LeaseService(Leases leases) {
        this.leases = leases;
    }

    void bind(GrpcServices server) {
        server.unary(LeasesGrpcService.Create, this::create);
        server.unary(LeasesGrpcService.Delete, this::delete);
        server.unary(LeasesGrpcService.List, this::list);
        server.unary(LeasesGrpcService.AddResource, this::add);
        server.unary(LeasesGrpcService.DeleteResource, this::remove);
        server.unary(LeasesGrpcService.ListResources, this::resources);
    }

    private CreateResponse create(Call call, CreateRequest request) throws IOException {
        var lease = leases.create(call.namespace(), Optional.of(request.getId()), request.getLabelsMap());
        return CreateResponse.newBuilder().setLease(message(lease)).build();
    }

    private Empty delete(Call call, DeleteRequest request) throws IOException {
        leases.delete(call.namespace(), request.getId(), request.getSync());
        return Empty.getDefaultInstance();
    }

    private ListResponse list(Call call, ListRequest request) throws IOException {
        var response = ListResponse.newBuilder();
        leases.list(call.namespace(), Filter.parse(request.getFiltersList()))
                .forEach(lease -> response.addLeases(message(lease)));
        return response.build();
    }

    private Empty add(Call call, AddResourceRequest request) throws IOException {
        leases.add(call.namespace(), request.getId(), resource(request.getResource()));
        return Empty.getDefaultInstance();
    }

    private Empty remove(Call call, DeleteResourceRequest request) throws IOException {
        leases.remove(call.namespace(), request.getId(), resource(request.getResource()));
        return Empty.getDefaultInstance();
    }

    private ListResourcesResponse resources(Call call, ListResourcesRequest request) throws IOException {
        var response = ListResourcesResponse.newBuilder();
        for (var resource : leases.resources(call.namespace(), request.getId())) {
            response.addResources(Resource.newBuilder().setType(resource.type()).setId(resource.id()));
        }
        return response.build();
    }

    private static Leases.Resource resource(Resource message) {
        return new Leases.Resource(message.getType(), message.getId());
    }

    private static io.slipway.api.services.leases.v1.Lease message(Lease lease) {
        return io.slipway.api.services.leases.v1.Lease.newBuilder()
                .setId(lease.id())
                .setCreatedAt(Wire.timestamp(lease.createdAt()))
                .putAllLabels(lease.labels())
                .build();
    }
}
