package io.slipway.runtime.task;

import io.slipway.api.events.TaskDelete;
import io.slipway.api.events.TaskExit;
import io.slipway.api.services.containers.v1.Container;
import io.slipway.api.task.v2.CreateTaskRequest;
import io.slipway.api.task.v2.CreateTaskResponse;
import io.slipway.api.task.v2.DeleteResponse;
import io.slipway.api.task.v2.WaitResponse;
import io.slipway.cas.ApiException;
import io.slipway.linux.Mount;
import io.slipway.linux.Poller;
import io.slipway.runtime.EventExchange;
import io.slipway.runtime.RuntimeOptions.Timeouts;
import io.slipway.runtime.TaskState;
import io.slipway.runtime.shim.Bundles;
import io.slipway.runtime.shim.KernelPool;
import io.slipway.runtime.shim.LogPipe;
import io.slipway.runtime.shim.ShimAddress;
import io.slipway.runtime.shim.ShimClient;
import io.slipway.runtime.shim.ShimCommands;
import io.slipway.runtime.shim.ShimRemains;
import java.io.IOException;
import java.time.Clock;
import java.util.List;
import java.util.concurrent.Executor;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Brings tasks to life and to their end, in order or not. Every way out leaves nothing behind: no process, mount,
/// cgroup, socket, FIFO or file.
final class TaskLife {
    /// Exit status of a container whose shim could not say how it ended.
    static final int STATUS_UNKNOWN = 255;
    /// Exit status of an added process whose shim is gone: the clean-up kills what is left.
    static final int STATUS_KILLED = 137;

    private static final Logger log = LoggerFactory.getLogger(TaskLife.class);
    private static final Executor VIRTUAL = Thread::startVirtualThread;

    private final Timeouts timeouts;
    private final Bundles bundles;
    private final ShimCommands commands;
    private final ShimRemains remains;
    private final KernelPool kernel;
    private final Poller poller;
    private final ExitLedger ledger;
    private final EventExchange events;
    private final TaskRegistry registry;
    private final Clock clock;
    private volatile boolean closing;

    TaskLife(
            Timeouts timeouts,
            Bundles bundles,
            ShimCommands commands,
            ShimRemains remains,
            KernelPool kernel,
            Poller poller,
            ExitLedger ledger,
            EventExchange events,
            TaskRegistry registry,
            Clock clock) {
        this.timeouts = timeouts;
        this.bundles = bundles;
        this.commands = commands;
        this.remains = remains;
        this.kernel = kernel;
        this.poller = poller;
        this.ledger = ledger;
        this.events = events;
        this.registry = registry;
        this.clock = clock;
    }

    /// Makes the bundle, starts the shim and creates the container. When it fails, nothing is left but the name,
    /// which
    /// the caller gives back.
    ///
    void create(Task task, Container container, CreateTaskRequest request) throws IOException, InterruptedException {
        byte[] spec = container.getSpec().getValue().toByteArray();
        kernel.run(() ->
                bundles.create(task.bundle.namespace(), task.bundle.id(), spec, container.toByteArray(), task.binary));
        try {
            CreateTaskRequest left = mounted(task, request);
            openLog(task);
            ShimAddress address = commands.start(task.bundle, task.binary);
            kernel.step(() -> task.bundle.noteAddress(address));
            connect(task, address);
            CreateTaskResponse created = task.shim().call("Create", left, CreateTaskResponse.parser());
            task.init.pid = created.getPid();
            task.lastState = TaskState.CREATED;
            task.stdout = request.getStdout();
        } catch (IOException | InterruptedException | RuntimeException e) {
            Detached.finish("task abandon " + task, () -> abandon(task));
            throw e;
        }
        live(task);
    }

    /// What is left to the shim when we have mounted what it can't.
    private CreateTaskRequest mounted(Task task, CreateTaskRequest request) throws IOException {
        List<Mount> rootfs = request.getRootfsList().stream()
                .map(mount -> new Mount(
                        mount.getType(), mount.getSource(), mount.getTarget(), List.copyOf(mount.getOptionsList())))
                .toList();
        boolean ours = kernel.run(() -> bundles.mount(task.bundle, rootfs));
        return ours ? request.toBuilder().clearRootfs().build() : request;
    }

    /// From here on the task can be asked for, its exit is awaited and the loss of its shim is noticed.
    void live(Task task) {
        task.phase = Task.Phase.LIVE;
        watch(task, task.init);
        if (!task.isConnected()) {
            lost(task);
        }
    }

    void openLog(Task task) throws IOException {
        task.logPipe(kernel.run(() -> LogPipe.open(task.bundle, poller, VIRTUAL)));
    }

    void connect(Task task, ShimAddress address) throws IOException, InterruptedException {
        task.shim(ShimClient.connect(
                task.bundle.namespace(), task.bundle.id(), address, timeouts.shimLoad(), () -> lost(task)));
    }

    /// Awaits the exit of a process, once: makes it durable, then tells everybody.
    void watch(Task task, TaskProcess process) {
        ShimClient shim = task.shim();
        Thread.ofVirtual().name("task wait " + task + " " + process.execId).start(() -> {
            try {
                WaitResponse response = shim.waitFor(process.execId);
                exited(
                        task,
                        process,
                        ProcessExit.of(process.pid, response.getExitStatus(), response.getExitedAt(), clock.instant()));
            } catch (ApiException e) {
                if (!shim.isClosed()) { // with the connection gone, the end of the shim brings the exit
                    log.atDebug().addKeyValue("task", task).setCause(e).log("Nobody waits for a process any more.");
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
    }

    void exited(Task task, TaskProcess process, ProcessExit exit) {
        if (process.exit.isDone()) {
            return;
        }
        ledger.observed(task.key(), name(task, process), exit);
        if (process == task.init) {
            task.lastState = TaskState.STOPPED;
        }
        process.exit.complete(exit);
    }

    /// Publishes the exit of the init process unless its shim's own event went out, or comes first.
    void report(Task task, ProcessExit exit) {
        if (ledger.firstReport(task.key(), task.bundle.id(), exit.pid(), true)) {
            events.publish(
                    task.bundle.namespace(),
                    "/tasks/exit",
                    TaskExit.newBuilder()
                            .setContainerId(task.bundle.id())
                            .setId(task.bundle.id())
                            .setPid(exit.pid())
                            .setExitStatus(exit.status())
                            .setExitedAt(exit.timestamp())
                            .build());
        }
    }

    /// Removes a task whose shim has deleted the container: the shim is asked to go, then bundle and records go.
    ///
    /// @param task in phase ENDING
    void finish(Task task, ProcessExit exit) {
        exited(task, task.init, exit);
        task.execs.values().forEach(process -> exited(task, process, killed(process)));
        remains.shutdown(task.shim());
        task.release();
        forget(task, exit);
    }

    /// The connection of a task has ended. A shim that still answers is connected to again; one that does not has
    /// died,
    /// and its task with it.
    void lost(Task task) {
        if (task.phase == Task.Phase.LIVE && !closing) {
            Detached.start("task lost " + task, () -> reconnectOrBury(task));
        }
    }

    private void reconnectOrBury(Task task) throws InterruptedException {
        task.lifecycle.lock();
        try {
            if (task.phase != Task.Phase.LIVE || task.isConnected() || closing) {
                return;
            }
            try {
                connect(task, task.shim().address());
                task.processes().stream()
                        .filter(process -> !process.exit.isDone())
                        .forEach(p -> watch(task, p));
                log.atWarn().addKeyValue("task", task).log("The connection to a shim broke and was made again.");
                return;
            } catch (IOException e) {
                log.atWarn().addKeyValue("task", task).setCause(e).log("A shim has died; its task is cleaned up.");
            }
            task.phase = Task.Phase.ENDING;
        } finally {
            task.lifecycle.unlock();
        }
        bury(task);
    }

    /// Cleans up after a shim that is gone and tells how the task ended.
    ///
    /// @param task in phase ENDING
    void bury(Task task) throws InterruptedException {
        ProcessExit exit = cleanUp(task);
        ProcessExit told = task.init.exit.getNow(exit);
        if (told.pid() != 0) { // otherwise there never was a container
            exited(task, task.init, exit);
            report(task, told);
            events.publish(
                    task.bundle.namespace(),
                    "/tasks/delete",
                    TaskDelete.newBuilder()
                            .setContainerId(task.bundle.id())
                            .setPid(told.pid())
                            .setExitStatus(told.status())
                            .setExitedAt(told.timestamp())
                            .build());
        }
        task.execs.values().forEach(process -> exited(task, process, killed(process)));
        task.release();
        remains.removeSocket(task.bundle);
        forget(task, told);
    }

    /// Ends a shim that has no container.
    void abandonLoaded(Task task) throws InterruptedException {
        abandon(task);
        ledger.forget(task.key());
        registry.remove(task);
    }

    /// After a Create that failed.
    private void abandon(Task task) throws InterruptedException {
        if (task.isConnected()) {
            remains.end(task.shim(), isShared(task));
        }
        task.release();
        cleanUp(task);
        remains.removeSocket(task.bundle);
        removeFiles(task);
    }

    private ProcessExit cleanUp(Task task) throws InterruptedException {
        try {
            DeleteResponse response = commands.delete(task.bundle, task.binary);
            int pid = response.getPid() != 0 ? response.getPid() : task.init.pid;
            return ProcessExit.of(pid, response.getExitStatus(), response.getExitedAt(), clock.instant());
        } catch (IOException | ApiException e) {
            log.atWarn().addKeyValue("task", task).setCause(e).log("The clean-up of a shim failed.");
            return new ProcessExit(task.init.pid, STATUS_UNKNOWN, clock.instant());
        }
    }

    private void forget(Task task, ProcessExit exit) {
        removeFiles(task);
        ledger.forget(task.key());
        registry.remove(task);
        task.gone.complete(exit);
    }

    private void removeFiles(Task task) {
        try {
            kernel.step(() -> bundles.remove(task.bundle));
        } catch (IOException | ApiException e) {
            log.atError()
                    .addKeyValue("bundle", task.bundle.path())
                    .setCause(e)
                    .log("A bundle could not be removed; the next start tries again.");
        }
    }

    /// Whether another task is served by the same shim (the containers of a pod are).
    private boolean isShared(Task task) {
        ShimAddress address = task.shim().address();
        return registry.all().stream()
                .anyMatch(other -> other != task
                        && other.isConnected()
                        && other.shim().address().address().equals(address.address()));
    }

    private ProcessExit killed(TaskProcess process) {
        return new ProcessExit(process.pid, STATUS_KILLED, clock.instant());
    }

    private static String name(Task task, TaskProcess process) {
        return process.execId.isEmpty() ? task.bundle.id() : process.execId;
    }

    /// Lets go of every shim without harming it.
    void close() {
        closing = true;
        registry.all().forEach(Task::release);
    }
}
