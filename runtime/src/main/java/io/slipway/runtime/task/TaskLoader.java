package io.slipway.runtime.task;

import io.slipway.api.services.containers.v1.Container;
import io.slipway.api.task.v2.StateResponse;
import io.slipway.cas.ApiException;
import io.slipway.runtime.RuntimeOptions.Timeouts;
import io.slipway.runtime.container.Containers;
import io.slipway.runtime.shim.Bundle;
import io.slipway.runtime.shim.Bundles;
import io.slipway.runtime.shim.KernelPool;
import io.slipway.runtime.shim.ShimAddress;
import io.slipway.runtime.shim.ShimBinaries;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Finds the tasks that an earlier daemon left, from their bundles (shim-v2: deleting, dying, restarting).
///
/// A shim that answers and knows its container is taken over, also when the container has exited meanwhile: its exit
/// is then reported, unless it was before. Everything else is cleaned up.
final class TaskLoader {
    /// Bundles looked at together.
    private static final int PARALLEL = 16;

    private static final Logger log = LoggerFactory.getLogger(TaskLoader.class);

    private final Timeouts timeouts;
    private final Bundles bundles;
    private final ShimBinaries binaries;
    private final Containers containers;
    private final KernelPool kernel;
    private final TaskLife life;
    private final TaskRegistry registry;
    private final ExitLedger ledger;
    private final Clock clock;

    TaskLoader(
            Timeouts timeouts,
            Bundles bundles,
            ShimBinaries binaries,
            Containers containers,
            KernelPool kernel,
            TaskLife life,
            TaskRegistry registry,
            ExitLedger ledger,
            Clock clock) {
        this.timeouts = timeouts;
        this.bundles = bundles;
        this.binaries = binaries;
        this.containers = containers;
        this.kernel = kernel;
        this.life = life;
        this.registry = registry;
        this.ledger = ledger;
        this.clock = clock;
    }

    /// Loads every bundle. What fails is logged and does not keep the others.
    void load() {
        try {
            List<Bundle> found = kernel.run(bundles::existing);
            Semaphore room = new Semaphore(PARALLEL);
            try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
                for (Bundle bundle : found) {
                    room.acquire();
                    threads.execute(() -> {
                        try {
                            load(bundle);
                        } finally {
                            room.release();
                        }
                    });
                }
            }
            kernel.step(bundles::sweep);
            ledger.retain(registry.keys());
            if (!found.isEmpty()) {
                log.atInfo()
                        .addKeyValue("bundles", found.size())
                        .addKeyValue("tasks", registry.all().size())
                        .log("Tasks of an earlier start were taken over.");
            }
        } catch (IOException | RuntimeException e) {
            log.atError().setCause(e).log("The tasks of an earlier start could not all be loaded.");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void load(Bundle bundle) {
        try {
            Optional<Path> binary = isEmpty(bundle) ? Optional.empty() : binary(bundle);
            if (binary.isEmpty()) {
                log.atWarn().addKeyValue("bundle", bundle.path()).log("A bundle of no task is removed.");
                kernel.step(() -> bundles.remove(bundle));
                return;
            }
            load(new Task(bundle, binary.get()));
        } catch (IOException | RuntimeException e) {
            log.atError().addKeyValue("bundle", bundle.path()).setCause(e).log("A task could not be loaded.");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void load(Task task) throws InterruptedException {
        registry.add(task);
        try {
            life.openLog(task);
        } catch (IOException e) {
            log.atWarn().addKeyValue("task", task).setCause(e).log("The log of a shim can't be read.");
        }
        try {
            Optional<ShimAddress> address = kernel.run(task.bundle::address);
            if (address.isEmpty()) {
                throw new IOException("the shim of " + task + " left no address");
            }
            life.connect(task, address.get());
        } catch (IOException | ApiException e) {
            log.atWarn().addKeyValue("task", task).setCause(e).log("The shim of a task is gone; it is cleaned up.");
            task.phase = Task.Phase.ENDING;
            life.bury(task);
            return;
        }
        try {
            adopt(task, task.shim().state("", timeouts.shimLoad()));
        } catch (ApiException e) {
            if (e.code() == ApiException.Code.NOT_FOUND) { // started, but Create never came through
                log.atWarn().addKeyValue("task", task).log("A shim without a container is ended.");
                life.abandonLoaded(task);
                return;
            }
            log.atWarn().addKeyValue("task", task).setCause(e).log("A shim does not say how its task is; it is kept.");
        }
        life.live(task);
    }

    private void adopt(Task task, StateResponse state) {
        task.init.pid = state.getPid();
        task.stdout = state.getStdout();
        task.lastState = TaskStates.of(state.getStatus());
        if (state.getStatus() == io.slipway.api.v1.types.Status.STOPPED) {
            ProcessExit exit =
                    ProcessExit.of(state.getPid(), state.getExitStatus(), state.getExitedAt(), clock.instant());
            life.exited(task, task.init, exit);
            life.report(task, exit);
        }
    }

    private boolean isEmpty(Bundle bundle) throws IOException {
        return kernel.run(() -> {
            try (Stream<Path> entries = Files.list(bundle.path())) {
                return entries.findAny().isEmpty();
            }
        });
    }

    /// The binary that the bundle notes, or else the one of its container's runtime.
    private Optional<Path> binary(Bundle bundle) throws IOException {
        Optional<Path> noted = kernel.run(bundle::shimBinary);
        if (noted.isPresent()) {
            return noted;
        }
        Optional<Container> container = containers.find(bundle.namespace(), bundle.id());
        try {
            return container.map(found -> binaries.resolve(found.getRuntime().getName()));
        } catch (ApiException e) {
            log.atWarn().addKeyValue("bundle", bundle.path()).setCause(e).log("The shim of a bundle is not installed.");
            return Optional.empty();
        }
    }
}
