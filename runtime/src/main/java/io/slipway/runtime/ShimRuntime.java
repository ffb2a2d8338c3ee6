package io.slipway.runtime;

import io.slipway.cas.Collector;
import io.slipway.cas.Metadata;
import io.slipway.cas.Namespaces;
import io.slipway.cas.grpc.GrpcServices;
import io.slipway.linux.Mounts;
import io.slipway.linux.Poller;
import io.slipway.linux.Spawner;
import io.slipway.runtime.container.Containers;
import io.slipway.runtime.container.ContainersGrpc;
import io.slipway.runtime.log.Logs;
import io.slipway.runtime.log.LogsGrpc;
import io.slipway.runtime.shim.Bundles;
import io.slipway.runtime.shim.KernelPool;
import io.slipway.runtime.shim.ShimBinaries;
import io.slipway.runtime.shim.ShimCommands;
import io.slipway.runtime.shim.ShimRemains;
import io.slipway.runtime.task.TaskParts;
import io.slipway.runtime.task.TaskReports;
import io.slipway.runtime.task.Tasks;
import io.slipway.runtime.task.TasksGrpc;
import io.slipway.runtime.ttrpc.TtrpcServer;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The runtime over shims, put together.
final class ShimRuntime implements Runtime {
    private static final Logger log = LoggerFactory.getLogger(ShimRuntime.class);

    private final RuntimeOptions options;
    private final EventExchange events;
    private final Containers containers;
    private final Tasks tasks;
    private final Logs logs;
    private final TtrpcServer shimEvents;
    private final Clock clock;

    ShimRuntime(
            RuntimeOptions options,
            Metadata metadata,
            Namespaces namespaces,
            Collector collector,
            EventExchange events,
            Spawner spawner,
            Poller poller,
            Mounts mounts,
            Executor kernelThreads,
            Clock clock)
            throws IOException {
        this.options = options;
        this.events = events;
        this.clock = clock;
        KernelPool kernel = new KernelPool(kernelThreads);
        Bundles bundles = new Bundles(options.root(), options.state(), mounts);
        this.containers = new Containers(metadata, namespaces, events, collector, bundles, clock);
        this.tasks = new Tasks(new TaskParts(
                options,
                metadata,
                containers,
                events,
                bundles,
                new ShimBinaries(
                        Path.of("").toAbsolutePath(),
                        options.environment().getOrDefault("PATH", ""),
                        options.binaryDirectories()),
                new ShimCommands(options, spawner, kernel),
                new ShimRemains(options.timeouts().shimShutdown(), poller),
                kernel,
                poller,
                clock));
        this.logs = new Logs(options.root().resolve("logs"), new LogWriting(tasks));
        // Before loading: what shims have to tell meanwhile is heard.
        this.shimEvents = TtrpcServer.listen(options.ttrpcAddress(), List.of(tasks.eventsService()));
        tasks.load();
    }

    private record LogWriting(Tasks tasks) implements Logs.Writing {
        @Override
        public boolean isOpen(String namespace, String id, Path file) {
            return tasks.isWriting(namespace, id, file.toString());
        }

        @Override
        public boolean any() {
            return !tasks.counts().isEmpty();
        }
    }

    @Override
    public CompletableFuture<Boolean> loaded() {
        return tasks.loaded();
    }

    @Override
    public void bind(GrpcServices services) {
        events.bind(services);
        new ContainersGrpc(containers, logs::delete).bind(services);
        new TasksGrpc(tasks, new TaskReports(options.timeouts(), clock)).bind(services);
        new LogsGrpc(logs).bind(services);
    }

    @Override
    public Path ttrpcAddress() {
        return options.ttrpcAddress();
    }

    @Override
    public Path logFile(String namespace, String containerId) {
        return logs.path(namespace, containerId);
    }

    @Override
    public RuntimeCounts counts() {
        Map<String, Long> records = Map.of();
        try {
            records = containers.counts();
        } catch (IOException e) {
            log.atWarn().setCause(e).log("Containers could not be counted.");
        }
        return new RuntimeCounts(records, tasks.counts());
    }

    @Override
    public void close() {
        shimEvents.close();
        logs.close();
        tasks.close();
    }
}
