package io.slipway.runtime;

import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;

/// The running part of the node: container records, tasks, the shims behind them, the events they publish.
///
/// Opening it binds the ttrpc socket for shims and starts, in the background, to find the tasks that an earlier
/// process left running; until [#loaded] completes, calls about tasks wait. Closing it leaves every task running:
/// the next one to open takes over. All methods may be called from any thread but an event loop.
@SuppressWarnings("JavaLangClash") // the module is named after its part of a container stack, as in the specification
public interface Runtime extends AutoCloseable {

    /// Completes when the tasks left by an earlier process are known again. Never fails: what could not be reached was
    /// cleaned up and logged.
    CompletableFuture<Void> loaded();

    /// The socket on which shims publish events, `<grpc socket>.ttrpc`.
    Path ttrpcAddress();

    /// Where a client lets a shim append the output of a container (`file://` this path) so that it can be read back
    /// through `slipway.v1.Logs`.
    Path logFile(String namespace, String containerId);

    /// Containers and tasks for metrics.
    RuntimeCounts counts();

    /// Stops serving and lets go of every shim without harming it. Calls still open fail. Twice is fine.
    @Override
    void close();
}
