package io.slipway.runtime;

import io.slipway.cas.Cas;
import io.slipway.cas.grpc.GrpcServices;
import io.slipway.linux.Mounts;
import io.slipway.linux.Poller;
import io.slipway.linux.Spawner;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;

/// The running part of the node: container records, tasks, the shims behind them, the events they publish.
///
/// Opening it binds the ttrpc socket for shims and starts, in the background, to find the tasks that an earlier
/// process left running; until [#loaded] completes, calls about tasks wait. Closing it leaves every task running:
/// the next one to open takes over. All methods may be called from any thread but an event loop.
@SuppressWarnings("JavaLangClash") // the module is named after its part of a container stack, as in the specification
public interface Runtime extends AutoCloseable {

    /// Opens the runtime.
    ///
    /// Its directories need not exist. Everything handed in stays the caller's and outlives it. It joins garbage
    /// collection of `cas` with its containers; whoever opens both also plugs `events` into `cas`.
    ///
    /// @param events where events of shims and of container records go
    /// @param kernelThreads a small bounded pool of platform threads for nothing but this, so that a task
    ///     call never queues behind bulk work
    /// @throws java.net.BindException when another process answers on the ttrpc socket
    static Runtime open(
            RuntimeOptions options,
            Cas cas,
            EventExchange events,
            Spawner spawner,
            Poller poller,
            Mounts mounts,
            Executor kernelThreads)
            throws IOException {
        return new ShimRuntime(
                options,
                cas.metadata(),
                cas.namespaces(),
                cas.collector(),
                events,
                spawner,
                poller,
                mounts,
                kernelThreads,
                Clock.systemUTC());
    }

    /// Serves Containers, Tasks and Events of containerd's API and `slipway.v1.Logs`. A daemon without the runtime
    /// role binds [EventExchange#bind] alone.
    void bind(GrpcServices services);

    /// Completes when the tasks left by an earlier process are known again. Never fails: what could not be reached
    /// was
    /// cleaned up and logged.
    CompletableFuture<Boolean> loaded();

    /// The socket on which shims publish events, `<grpc socket>.ttrpc`.
    Path ttrpcAddress();

    /// Where a client lets a shim append the output of a container (`file://` this path) so that it can be read back
    /// through `slipway.v1.Logs`.
    Path logFile(String namespace, String containerId);

    /// Containers and tasks for metrics. Blocks for a small query.
    RuntimeCounts counts();

    /// Stops serving and lets go of every shim without harming it. Calls still open fail. Twice is fine.
    @Override
    void close();
}
