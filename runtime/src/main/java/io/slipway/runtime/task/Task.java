package io.slipway.runtime.task;

import io.slipway.cas.ApiException;
import io.slipway.runtime.TaskState;
import io.slipway.runtime.shim.Bundle;
import io.slipway.runtime.shim.LogPipe;
import io.slipway.runtime.shim.ShimClient;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// One task and the connection to its shim.
///
/// Phases: CREATING (its name is taken, nobody can ask for it) → LIVE → ENDING (being removed, its name still
/// taken) →
/// gone. A change of phase and what goes with it happens under [#lifecycle].
final class Task {
    enum Phase {
        CREATING,
        LIVE,
        ENDING
    }

    final Bundle bundle;
    final Path binary;
    final ReentrantLock lifecycle = new ReentrantLock();
    final TaskProcess init = new TaskProcess("");
    /// Processes added to it, by exec id, as far as they were asked for since this daemon started.
    final Map<String, TaskProcess> execs = new ConcurrentHashMap<>();
    /// Completes when the task is gone.
    final CompletableFuture<ProcessExit> gone = new CompletableFuture<>();

    volatile Phase phase = Phase.CREATING;
    /// What was last heard of it, for metrics.
    volatile TaskState lastState = TaskState.UNKNOWN;
    /// Where its output goes, as the client said.
    volatile String stdout = "";

    private volatile @Nullable ShimClient shim;
    private volatile @Nullable LogPipe logPipe;

    Task(Bundle bundle, Path binary) {
        this.bundle = bundle;
        this.binary = binary;
    }

    TaskKey key() {
        return new TaskKey(bundle.namespace(), bundle.id());
    }

    /// The connection.
    ///
    /// @throws ApiException UNAVAILABLE when there is none
    ShimClient shim() {
        ShimClient connected = shim;
        if (connected == null) {
            throw new ApiException(ApiException.Code.UNAVAILABLE, "task " + bundle.id() + " has no shim");
        }
        return connected;
    }

    void shim(ShimClient connected) {
        shim = connected;
    }

    boolean isConnected() {
        ShimClient connected = shim;
        return connected != null && !connected.isClosed();
    }

    void logPipe(LogPipe pipe) {
        logPipe = pipe;
    }

    /// Lets go of connection and log; the shim runs on.
    void release() {
        ShimClient connected = shim;
        if (connected != null) {
            connected.close();
        }
        LogPipe pipe = logPipe;
        if (pipe != null) {
            pipe.close();
        }
    }

    List<TaskProcess> processes() {
        List<TaskProcess> all = new ArrayList<>(execs.values());
        all.add(init);
        return all;
    }

    @Override
    public String toString() {
        return bundle.namespace() + "/" + bundle.id();
    }
}
