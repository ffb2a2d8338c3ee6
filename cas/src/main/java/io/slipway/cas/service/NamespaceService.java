package io.slipway.cas.service;

import com.google.protobuf.Empty;
import io.slipway.api.services.namespaces.v1.CreateNamespaceRequest;
import io.slipway.api.services.namespaces.v1.CreateNamespaceResponse;
import io.slipway.api.services.namespaces.v1.DeleteNamespaceRequest;
import io.slipway.api.services.namespaces.v1.GetNamespaceRequest;
import io.slipway.api.services.namespaces.v1.GetNamespaceResponse;
import io.slipway.api.services.namespaces.v1.ListNamespacesRequest;
import io.slipway.api.services.namespaces.v1.ListNamespacesResponse;
import io.slipway.api.services.namespaces.v1.Namespace;
import io.slipway.api.services.namespaces.v1.NamespacesGrpcService;
import io.slipway.api.services.namespaces.v1.UpdateNamespaceRequest;
import io.slipway.api.services.namespaces.v1.UpdateNamespaceResponse;
import io.slipway.cas.ApiException;
import io.slipway.cas.Namespaces;
import io.slipway.cas.grpc.Call;
import io.slipway.cas.grpc.GrpcServices;
import java.io.IOException;

/// `containerd.services.namespaces.v1.Namespaces` (containerd-semantics 12). Works without a namespace header.
final class NamespaceService {

    private final Namespaces namespaces;

    NamespaceService(Namespaces namespaces) {
        this.namespaces = namespaces;
    }

    void bind(GrpcServices server) {
        server.unary(NamespacesGrpcService.Get, this::get);
        server.unary(NamespacesGrpcService.List, this::list);
        server.unary(NamespacesGrpcService.Create, this::create);
        server.unary(NamespacesGrpcService.Update, this::update);
        server.unary(NamespacesGrpcService.Delete, this::delete);
    }

    private GetNamespaceResponse get(Call call, GetNamespaceRequest request) throws IOException {
        return GetNamespaceResponse.newBuilder()
                .setNamespace(message(namespaces.get(request.getName())))
                .build();
    }

    private ListNamespacesResponse list(Call call, ListNamespacesRequest request) throws IOException {
        var response = ListNamespacesResponse.newBuilder();
        namespaces.list().forEach(namespace -> response.addNamespaces(message(namespace)));
        return response.build();
    }

    private CreateNamespaceResponse create(Call call, CreateNamespaceRequest request) throws IOException {
        var wanted = request.getNamespace();
        return CreateNamespaceResponse.newBuilder()
                .setNamespace(message(namespaces.create(wanted.getName(), wanted.getLabelsMap())))
                .build();
    }

    private UpdateNamespaceResponse update(Call call, UpdateNamespaceRequest request) throws IOException {
        var wanted = request.getNamespace();
        for (var path : request.getUpdateMask().getPathsList()) {
            if (!path.startsWith("labels.")) {
                throw ApiException.invalid("cannot update \"" + path + "\" field in namespace");
            }
        }
        var change = Wire.labels(request.getUpdateMask(), wanted.getLabelsMap(), "namespace");
        return UpdateNamespaceResponse.newBuilder()
                .setNamespace(message(namespaces.update(wanted.getName(), change)))
                .build();
    }

    private Empty delete(Call call, DeleteNamespaceRequest request) throws IOException {
        namespaces.delete(request.getName());
        return Empty.getDefaultInstance();
    }

    private static Namespace message(Namespaces.Namespace namespace) {
        return Namespace.newBuilder()
                .setName(namespace.name())
                .putAllLabels(namespace.labels())
                .build();
    }
}
