package io.slipway.runtime.task;

import com.google.protobuf.Any;
import io.slipway.api.services.containers.v1.Container;
import io.slipway.api.services.tasks.v1.CreateTaskRequest;
import io.slipway.api.task.v2.DeleteResponse;
import io.slipway.api.task.v2.StateResponse;
import io.slipway.cas.ApiException;
import io.slipway.runtime.EventExchange;
import io.slipway.runtime.RuntimeOptions;
import io.slipway.runtime.TaskState;
import io.slipway.runtime.container.Containers;
import io.slipway.runtime.shim.Bundles;
import io.slipway.runtime.shim.RuncOptions;
import io.slipway.runtime.shim.ShimBinaries;
import io.slipway.runtime.shim.ShimClient;
import io.slipway.runtime.ttrpc.TtrpcService;
import java.io.IOException;
import java.time.Clock;
import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;

/// The tasks of the node and what can be asked of them. Blocking; any thread but an event loop.
///
/// Calls about one task run side by side except its removal, which happens once. Until the tasks of an earlier start
/// are loaded, every call waits for that.
public final class Tasks implements AutoCloseable {
    private final RuntimeOptions options;
    private final Containers containers;
    private final Bundles bundles;
    private final ShimBinaries binaries;
    private final RuncOptions runcOptions;
    private final TaskRegistry registry = new TaskRegistry();
    private final TaskLife life;
    private final TaskLoader loader;
    private final ExitLedger ledger;
    private final EventExchange events;
    private final Clock clock;
    private final CompletableFuture<Boolean> loaded = new CompletableFuture<>();

    /// Puts the parts together; nothing runs until [#load].
    public Tasks(TaskParts parts) {
        this.options = parts.options();
        this.containers = parts.containers();
        this.bundles = parts.bundles();
        this.binaries = parts.binaries();
        this.runcOptions = new RuncOptions(options.state().resolve("runc"));
        this.events = parts.events();
        this.clock = parts.clock();
        this.ledger = new ExitLedger(parts.metadata());
        this.life = new TaskLife(
                options.timeouts(),
                bundles,
                parts.commands(),
                parts.remains(),
                parts.kernel(),
                parts.poller(),
                ledger,
                events,
                registry,
                clock);
        this.loader = new TaskLoader(
                options.timeouts(), bundles, binaries, containers, parts.kernel(), life, registry, ledger, clock);
    }

    /// Finds the tasks of an earlier start, in the background.
    public void load() {
        Thread.ofVirtual().name("tasks load").start(() -> {
            try {
                loader.load();
            } finally {
                loaded.complete(true);
            }
        });
    }

    /// Completes when every task of an earlier start is known or cleaned up.
    public CompletableFuture<Boolean> loaded() {
        return loaded.copy();
    }

    /// The service that shims forward their events to.
    public TtrpcService eventsService() {
        return new ShimEvents(events, ledger, this).service();
    }

    /// Tasks by the state last heard of them.
    public Map<TaskState, Long> counts() {
        return registry.counts();
    }

    /// Whether a task of that container exists whose init process may still write to `path`.
    public boolean isWriting(String namespace, String id, String path) {
        return registry.find(new TaskKey(namespace, id))
                .filter(task -> task.phase != Task.Phase.ENDING && !task.init.exit.isDone())
                .filter(task -> task.stdout.contains(path))
                .isPresent();
    }

    /// Creates the task of a container: starts its shim and has it create, not yet start, the processes.
    ///
    /// @return the pid of the init process
    /// @throws ApiException NOT_FOUND (container), ALREADY_EXISTS (task), INVALID_ARGUMENT (options), UNIMPLEMENTED
    ///     (checkpoints from the store); whatever the shim refused with, then nothing is left of the attempt
    int create(String namespace, CreateTaskRequest request) throws IOException, InterruptedException {
        awaitLoaded();
        Container container = containers.get(namespace, request.getContainerId());
        if (request.hasCheckpoint()) {
            throw ApiException.unimplemented("restoring task " + container.getId() + " from a checkpoint descriptor");
        }
        String runtime =
                request.getRuntimePath().isEmpty() ? container.getRuntime().getName() : request.getRuntimePath();
        Task task = new Task(bundles.at(namespace, container.getId()), binaries.resolve(runtime));
        Optional<Any> shimOptions = runcOptions.complete(task.binary, options(request, container));
        registry.add(task);
        try {
            life.create(task, container, shimRequest(task, request, shimOptions));
        } catch (ApiException e) {
            registry.remove(task);
            throw new ApiException(e.code(), "failed to create shim task: " + e.getMessage(), e);
        } catch (IOException e) {
            registry.remove(task);
            throw new ApiException(ApiException.Code.UNKNOWN, "failed to create shim task: " + e.getMessage(), e);
        } catch (InterruptedException | RuntimeException e) {
            registry.remove(task);
            throw e;
        }
        return task.init.pid;
    }

    private static Optional<Any> options(CreateTaskRequest request, Container container) {
        if (request.hasOptions()) {
            return Optional.of(request.getOptions());
        }
        return container.getRuntime().hasOptions()
                ? Optional.of(container.getRuntime().getOptions())
                : Optional.empty();
    }

    private static io.slipway.api.task.v2.CreateTaskRequest shimRequest(
            Task task, CreateTaskRequest request, Optional<Any> shimOptions) {
        io.slipway.api.task.v2.CreateTaskRequest.Builder shimRequest =
                io.slipway.api.task.v2.CreateTaskRequest.newBuilder()
                        .setId(task.bundle.id())
                        .setBundle(task.bundle.path().toString())
                        .addAllRootfs(request.getRootfsList())
                        .setStdin(request.getStdin())
                        .setStdout(request.getStdout())
                        .setStderr(request.getStderr())
                        .setTerminal(request.getTerminal())
                        .setCheckpoint(RuncOptions.checkpointPath(shimOptions));
        shimOptions.ifPresent(shimRequest::setOptions);
        return shimRequest.build();
    }

    /// The task of a container.
    ///
    /// @throws ApiException NOT_FOUND, for the container or for its task
    Task find(String namespace, String id) throws IOException, InterruptedException {
        awaitLoaded();
        containers.get(namespace, id);
        return registry.live(namespace, id);
    }

    /// All tasks that can be asked for.
    Collection<Task> all() throws InterruptedException {
        awaitLoaded();
        return registry.all().stream()
                .filter(task -> task.phase == Task.Phase.LIVE)
                .toList();
    }

    /// A process of a task. One that this daemon has not seen yet (it was added before a restart) is asked of the
    /// shim.
    ///
    /// @throws ApiException NOT_FOUND
    TaskProcess process(Task task, String execId) throws InterruptedException {
        if (execId.isEmpty()) {
            return task.init;
        }
        TaskProcess known = task.execs.get(execId);
        if (known != null) {
            return known;
        }
        StateResponse state = task.shim().state(execId, options.timeouts().taskState());
        return added(task, execId, state.getPid());
    }

    /// Notes a process that was added, and begins to wait for its exit.
    TaskProcess added(Task task, String execId, int pid) {
        return task.execs.computeIfAbsent(execId, _ -> {
            TaskProcess process = new TaskProcess(execId);
            process.pid = pid;
            life.watch(task, process);
            return process;
        });
    }

    /// Waits for the exit of a process, however long it takes.
    ProcessExit await(TaskProcess process) throws InterruptedException {
        return await(process.exit);
    }

    /// Deletes a task that is not running, with its shim and all its files.
    ///
    /// @throws ApiException what the shim refuses with: UNKNOWN for a running one
    ProcessExit delete(Task task) throws InterruptedException {
        CompletableFuture<ProcessExit> outcome = new CompletableFuture<>();
        Detached.start("task delete " + task, () -> {
            try {
                outcome.complete(deleteOnce(task));
            } catch (ApiException e) {
                outcome.completeExceptionally(e);
            } finally {
                outcome.completeExceptionally(new IllegalStateException("deleting " + task + " did not end"));
            }
        });
        return await(outcome);
    }

    private ProcessExit deleteOnce(Task task) throws InterruptedException {
        Optional<ProcessExit> exit = deleteByShim(task);
        if (exit.isEmpty()) { // the shim died under the call, which ends the task as well
            life.lost(task);
            return await(task.gone);
        }
        life.finish(task, exit.get());
        return exit.get();
    }

    /// Has the shim delete the container and takes the task out of use.
    ///
    /// @return empty when the shim is gone
    private Optional<ProcessExit> deleteByShim(Task task) throws InterruptedException {
        task.lifecycle.lock();
        try {
            if (task.phase != Task.Phase.LIVE) {
                throw TaskRegistry.absent(task.bundle.id());
            }
            ShimClient shim = task.shim();
            ProcessExit exit;
            try {
                DeleteResponse response = shim.delete("");
                exit = ProcessExit.of(
                        response.getPid(), response.getExitStatus(), response.getExitedAt(), clock.instant());
            } catch (ApiException e) {
                if (shim.isClosed()) {
                    return Optional.empty();
                }
                if (e.code() != ApiException.Code.NOT_FOUND) {
                    throw e;
                }
                exit = task.init.exit.getNow(new ProcessExit(task.init.pid, TaskLife.STATUS_UNKNOWN, clock.instant()));
            }
            task.phase = Task.Phase.ENDING;
            return Optional.of(exit);
        } finally {
            task.lifecycle.unlock();
        }
    }

    /// Deletes a process that was added and has exited or never started.
    ProcessExit deleteProcess(Task task, String execId) throws InterruptedException {
        DeleteResponse response = task.shim().delete(execId);
        ProcessExit exit =
                ProcessExit.of(response.getPid(), response.getExitStatus(), response.getExitedAt(), clock.instant());
        TaskProcess process = task.execs.remove(execId);
        if (process != null) {
            life.exited(task, process, exit);
        }
        return exit;
    }

    private static ProcessExit await(CompletableFuture<ProcessExit> exit) throws InterruptedException {
        try {
            return exit.get();
        } catch (ExecutionException e) {
            throw switch (e.getCause()) {
                case ApiException cause -> new ApiException(cause.code(), String.valueOf(cause.getMessage()), cause);
                case null, default -> new IllegalStateException(e);
            };
        }
    }

    /// Whether such a task exists, or might: before everything is loaded, any might.
    boolean mayExist(TaskKey task) {
        return !loaded.isDone() || registry.isTaken(task);
    }

    private void awaitLoaded() throws InterruptedException {
        try {
            loaded.get();
        } catch (ExecutionException e) {
            throw new IllegalStateException(e);
        }
    }

    /// Lets go of every shim; the tasks run on.
    @Override
    public void close() {
        life.close();
    }
}
