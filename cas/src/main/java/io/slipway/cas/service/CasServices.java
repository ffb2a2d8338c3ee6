package io.slipway.cas.service;

import io.slipway.cas.Cas;
import io.slipway.cas.grpc.GrpcServices;

/// The services of this module.
public final class CasServices {

    private final Cas cas;

    public CasServices(Cas cas) {
        this.cas = cas;
    }

    public void bind(GrpcServices server) {
        new ContentService(cas.blobs(), cas.contents(), cas.ingests()).bind(server);
        new ImageService(cas.images()).bind(server);
        new LeaseService(cas.leases()).bind(server);
        new NamespaceService(cas.namespaces()).bind(server);
        new StoreService(cas.inspection()).bind(server);
    }
}
