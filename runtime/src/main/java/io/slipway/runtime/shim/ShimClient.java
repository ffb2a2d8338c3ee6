package io.slipway.runtime.shim;

import com.google.protobuf.Empty;
import com.google.protobuf.Message;
import com.google.protobuf.Parser;
import io.slipway.api.task.v2.ConnectRequest;
import io.slipway.api.task.v2.ConnectResponse;
import io.slipway.api.task.v2.DeleteRequest;
import io.slipway.api.task.v2.DeleteResponse;
import io.slipway.api.task.v2.ShutdownRequest;
import io.slipway.api.task.v2.StateRequest;
import io.slipway.api.task.v2.StateResponse;
import io.slipway.api.task.v2.WaitRequest;
import io.slipway.api.task.v2.WaitResponse;
import io.slipway.cas.ApiException;
import io.slipway.runtime.ttrpc.TtrpcClient;
import io.slipway.runtime.ttrpc.TtrpcClosedException;
import io.slipway.runtime.ttrpc.TtrpcException;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;

/// One connection to a shim, for one task. Any thread; calls block.
///
/// Refusals of the shim come out as [ApiException] with the shim's class and text; a connection that ended is
/// UNAVAILABLE.
public final class ShimClient implements AutoCloseable {
    private static final String NAMESPACE_KEY = "containerd-namespace-ttrpc";
    /// Longest single step of a shim: a Create that waits for a FIFO's reader gives up after 30 s by itself.
    private static final Duration CALL_LIMIT = Duration.ofMinutes(2);

    private final String namespace;
    private final String id;
    private final ShimAddress address;
    private final TtrpcClient connection;
    private final ConnectResponse shim;

    private ShimClient(String namespace, String id, ShimAddress address, TtrpcClient connection, ConnectResponse shim) {
        this.namespace = namespace;
        this.id = id;
        this.address = address;
        this.connection = connection;
        this.shim = shim;
    }

    /// Connects and greets. A shim that says it speaks version 3 and does not is spoken to in version 2.
    ///
    /// @param limit for the greeting
    /// @param onClosed runs once when an established connection ends, also after [#close]
    public static ShimClient connect(
            String namespace, String id, ShimAddress address, Duration limit, Runnable onClosed)
            throws IOException, InterruptedException {
        TtrpcClient connection = TtrpcClient.connect(address.socketAddress(), onClosed);
        try {
            ShimAddress spoken = address;
            ConnectResponse shim;
            try {
                shim = greet(connection, spoken, namespace, id, limit);
            } catch (TtrpcException e) {
                if (e.code() != ApiException.Code.UNIMPLEMENTED || address.version() == 2) {
                    throw e;
                }
                spoken = address.asVersion2();
                shim = greet(connection, spoken, namespace, id, limit);
            }
            return new ShimClient(namespace, id, spoken, connection, shim);
        } catch (IOException | InterruptedException | RuntimeException e) {
            connection.close();
            throw e;
        }
    }

    private static ConnectResponse greet(
            TtrpcClient connection, ShimAddress address, String namespace, String id, Duration limit)
            throws IOException, InterruptedException {
        return connection.call(
                address.taskService(),
                "Connect",
                ConnectRequest.newBuilder().setId(id).build(),
                ConnectResponse.parser(),
                Optional.of(limit),
                Map.of(NAMESPACE_KEY, namespace));
    }

    /// Where it is connected to, in the version that is spoken.
    public ShimAddress address() {
        return address;
    }

    /// The shim's pid.
    public int shimPid() {
        return shim.getShimPid();
    }

    /// Whether the connection has ended.
    public boolean isClosed() {
        return connection.isClosed();
    }

    /// Calls a method of the Task service.
    public <T extends Message> T call(String method, Message request, Parser<T> parser) throws InterruptedException {
        return call(method, request, parser, Optional.of(CALL_LIMIT));
    }

    /// Calls a method of the Task service that must answer within `limit`.
    public <T extends Message> T call(String method, Message request, Parser<T> parser, Duration limit)
            throws InterruptedException {
        return call(method, request, parser, Optional.of(limit));
    }

    private <T extends Message> T call(String method, Message request, Parser<T> parser, Optional<Duration> limit)
            throws InterruptedException {
        try {
            return connection.call(
                    address.taskService(), method, request, parser, limit, Map.of(NAMESPACE_KEY, namespace));
        } catch (TtrpcException e) {
            throw new ApiException(e.code(), String.valueOf(e.getMessage()), e);
        } catch (TtrpcClosedException e) {
            throw new ApiException(
                    ApiException.Code.UNAVAILABLE, "the shim of task " + id + " is gone: " + e.getMessage(), e);
        } catch (IOException e) {
            throw new ApiException(ApiException.Code.UNAVAILABLE, String.valueOf(e.getMessage()), e);
        }
    }

    /// The state of the init process (empty `execId`) or an added one.
    public StateResponse state(String execId, Duration limit) throws InterruptedException {
        return call(
                "State", StateRequest.newBuilder().setId(id).setExecId(execId).build(), StateResponse.parser(), limit);
    }

    /// Blocks until that process has exited; there is no limit.
    public WaitResponse waitFor(String execId) throws InterruptedException {
        return call(
                "Wait",
                WaitRequest.newBuilder().setId(id).setExecId(execId).build(),
                WaitResponse.parser(),
                Optional.empty());
    }

    /// Deletes that process.
    public DeleteResponse delete(String execId) throws InterruptedException {
        return call(
                "Delete", DeleteRequest.newBuilder().setId(id).setExecId(execId).build(), DeleteResponse.parser());
    }

    /// Asks the shim to exit; one that still has containers of its pod does not. An end of the connection counts as
    /// yes.
    public void shutdown(Duration limit) throws InterruptedException {
        try {
            call("Shutdown", ShutdownRequest.newBuilder().setId(id).build(), Empty.parser(), limit);
        } catch (ApiException e) {
            if (!connection.isClosed()) {
                throw e;
            }
        }
    }

    /// Ends the connection; the shim runs on.
    @Override
    public void close() {
        connection.close();
    }
}
