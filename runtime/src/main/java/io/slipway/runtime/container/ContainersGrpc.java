package io.slipway.runtime.container;

import com.google.protobuf.Empty;
import io.slipway.api.services.containers.v1.ContainersGrpcService;
import io.slipway.api.services.containers.v1.CreateContainerRequest;
import io.slipway.api.services.containers.v1.CreateContainerResponse;
import io.slipway.api.services.containers.v1.DeleteContainerRequest;
import io.slipway.api.services.containers.v1.GetContainerRequest;
import io.slipway.api.services.containers.v1.GetContainerResponse;
import io.slipway.api.services.containers.v1.ListContainerMessage;
import io.slipway.api.services.containers.v1.ListContainersRequest;
import io.slipway.api.services.containers.v1.ListContainersResponse;
import io.slipway.api.services.containers.v1.UpdateContainerRequest;
import io.slipway.api.services.containers.v1.UpdateContainerResponse;
import io.slipway.cas.grpc.Call;
import io.slipway.cas.grpc.GrpcServices;
import io.slipway.cas.grpc.Out;
import java.io.IOException;

/// The Containers service of containerd's API.
public final class ContainersGrpc {
    private final Containers containers;
    private final Deleted deleted;

    /// Told after a record was deleted through the API, so that what belongs to the container goes with it.
    public interface Deleted {
        /// The record of `id` is gone.
        void container(String namespace, String id) throws IOException;
    }

    /// Serves `containers`.
    public ContainersGrpc(Containers containers, Deleted deleted) {
        this.containers = containers;
        this.deleted = deleted;
    }

    /// Binds every method.
    public void bind(GrpcServices services) {
        services.unary(ContainersGrpcService.Get, this::get);
        services.unary(ContainersGrpcService.List, this::list);
        services.serverStream(ContainersGrpcService.ListStream, this::listStream);
        services.unary(ContainersGrpcService.Create, this::create);
        services.unary(ContainersGrpcService.Update, this::update);
        services.unary(ContainersGrpcService.Delete, this::delete);
    }

    private GetContainerResponse get(Call call, GetContainerRequest request) throws IOException {
        return GetContainerResponse.newBuilder()
                .setContainer(containers.get(call.namespace(), request.getId()))
                .build();
    }

    private ListContainersResponse list(Call call, ListContainersRequest request)
            throws IOException, InterruptedException {
        ListContainersResponse.Builder response = ListContainersResponse.newBuilder();
        containers.list(call.namespace(), request.getFiltersList(), response::addContainers);
        return response.build();
    }

    private void listStream(Call call, ListContainersRequest request, Out<ListContainerMessage> out)
            throws IOException, InterruptedException {
        containers.list(
                call.namespace(),
                request.getFiltersList(),
                container -> out.write(ListContainerMessage.newBuilder()
                        .setContainer(container)
                        .build()));
    }

    private CreateContainerResponse create(Call call, CreateContainerRequest request) throws IOException {
        return CreateContainerResponse.newBuilder()
                .setContainer(containers.create(call.namespace(), request.getContainer()))
                .build();
    }

    private UpdateContainerResponse update(Call call, UpdateContainerRequest request) throws IOException {
        return UpdateContainerResponse.newBuilder()
                .setContainer(containers.update(
                        call.namespace(),
                        request.getContainer(),
                        request.getUpdateMask().getPathsList()))
                .build();
    }

    private Empty delete(Call call, DeleteContainerRequest request) throws IOException {
        containers.delete(call.namespace(), request.getId());
        deleted.container(call.namespace(), request.getId());
        return Empty.getDefaultInstance();
    }
}
