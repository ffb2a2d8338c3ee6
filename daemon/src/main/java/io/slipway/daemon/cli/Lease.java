package io.slipway.daemon.cli;

import io.slipway.api.services.leases.v1.CreateRequest;
import io.slipway.api.services.leases.v1.DeleteRequest;
import io.slipway.api.services.leases.v1.LeasesGrpcClient;
import io.vertx.grpc.common.GrpcStatus;
import java.time.Clock;
import java.time.Duration;

/// Keeps what an operation touches from being collected until its container holds it. Forgotten leases expire.
final class Lease {
    private static final Duration LIFE = Duration.ofHours(24);

    private final Connection connection;
    private final String id;

    private Lease(Connection connection, String id) {
        this.connection = connection;
        this.id = id;
    }

    /// @param purpose begins its id
    static Lease create(Connection connection, Clock clock, String purpose)
            throws CallFailed, CommandFailed, InterruptedException {
        String id = Ids.unique("slipway-" + purpose);
        connection.call(
                LeasesGrpcClient.Create,
                CreateRequest.newBuilder()
                        .setId(id)
                        .putLabels(
                                "containerd.io/gc.expire",
                                clock.instant().plus(LIFE).toString())
                        .build());
        return new Lease(connection, id);
    }

    String id() {
        return id;
    }

    void delete() throws CallFailed, CommandFailed, InterruptedException {
        try {
            connection.call(
                    LeasesGrpcClient.Delete,
                    DeleteRequest.newBuilder().setId(id).build());
        } catch (CallFailed e) {
            if (e.status() != GrpcStatus.NOT_FOUND) {
                throw e;
            }
        }
    }
}
