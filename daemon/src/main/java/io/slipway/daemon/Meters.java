package io.slipway.daemon;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.TimeGauge;
import io.micrometer.core.instrument.Timer;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.slipway.cas.Cas;
import io.slipway.cas.ScrubObserver;
import io.slipway.mirror.MirrorMetrics;
import io.slipway.puller.PullerObserver;
import io.slipway.runtime.RuntimeCounts;
import io.slipway.runtime.TaskState;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.IntSupplier;
import java.util.function.Supplier;

/// Everything that `/v1/metrics` says. Names that containerd has are containerd's, ours begin with
/// `slipway_`. Labels come from closed sets, never from what a client may choose, except registry hosts: of
/// those the first [#HOSTS_MAX] get a label of their own.
final class Meters implements MirrorMetrics, PullerObserver, ScrubObserver {
    /// Series per host are bounded: a mirror for everything would otherwise let its clients fill our
    /// memory.
    private static final int HOSTS_MAX = 50;

    private static final RuntimeCounts NONE = new RuntimeCounts(Map.of(), Map.of());
    /// Bounds of pull times in seconds: from a warm manifest check to a very large image.
    private static final Duration[] PULL_BUCKETS = {
        Duration.ofMillis(100),
        Duration.ofMillis(500),
        Duration.ofSeconds(1),
        Duration.ofSeconds(5),
        Duration.ofSeconds(15),
        Duration.ofSeconds(60),
        Duration.ofSeconds(300),
        Duration.ofSeconds(1200)
    };

    private final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final AtomicReference<Supplier<RuntimeCounts>> runtime = new AtomicReference<>(() -> NONE);
    private final MultiGauge containers = MultiGauge.builder("containerd.container.count")
            .description("Containers by namespace")
            .register(registry);
    private final MultiGauge tasks = MultiGauge.builder("containerd.task.count")
            .description("Tasks by state")
            .register(registry);
    private final Timer pulls = Timer.builder("containerd.image.pull.duration")
            .description("Time from the start of a pull to its end, successful ones only")
            .serviceLevelObjectives(PULL_BUCKETS)
            .register(registry);
    private final Counter scrubbed = Counter.builder("slipway.scrub.read.bytes")
            .description("Bytes of stored blobs that were read again")
            .register(registry);
    private final Map<Kind, Map<Source, Counter>> mirrorBytes = new EnumMap<>(Kind.class);
    private final Map<String, Boolean> hosts = new TreeMap<>();

    Meters(Version version, Duration startedSince, Readiness readiness) {
        Gauge.builder("slipway.build.info", () -> 1)
                .description("What is running")
                .tags("version", version.version(), "revision", version.revision())
                .register(registry);
        Gauge.builder("slipway.ready", readiness, r -> r.ready() ? 1 : 0)
                .description("1 when every enabled role answers")
                .register(registry);
        long began = System.nanoTime() - startedSince.toNanos();
        TimeGauge.builder("slipway.uptime", () -> System.nanoTime() - began, TimeUnit.NANOSECONDS)
                .description("Time since the process started")
                .register(registry);
        Gauge.builder("slipway.memory.resident.bytes", Meters::residentBytes)
                .description("Resident memory of the daemon")
                .register(registry);
        Gauge.builder(
                        "slipway.memory.heap.used.bytes",
                        () -> Runtime.getRuntime().totalMemory()
                                - Runtime.getRuntime().freeMemory())
                .description("Heap in use, garbage included")
                .register(registry);
        // From the first scrape on, so that an alert on bad blobs never sees "no data".
        for (Outcome outcome : Outcome.values()) {
            var _ = scrubbedBlobs(outcome);
        }
        for (boolean done : new boolean[] {true, false}) {
            var _ = refetches(done);
        }
        for (Kind kind : Kind.values()) {
            Map<Source, Counter> bySource = new EnumMap<>(Source.class);
            for (Source source : Source.values()) {
                bySource.put(source, mirrorBytes(kind, source));
            }
            mirrorBytes.put(kind, bySource);
        }
    }

    @Override
    public void read(long bytes) {
        scrubbed.increment((double) bytes);
    }

    @Override
    public void checked(Outcome outcome) {
        scrubbedBlobs(outcome).increment();
    }

    @Override
    public void refetched(boolean done) {
        refetches(done).increment();
    }

    private Counter refetches(boolean done) {
        return count(
                "slipway.refetches",
                "Attempts to fetch a spoiled blob again, by result.",
                "result",
                done ? "done" : "failed");
    }

    private Counter scrubbedBlobs(Outcome outcome) {
        return count("slipway.scrub.blobs", "Blobs that were read again, by result.", "result", lower(outcome));
    }

    /// Calls open on the API's socket.
    void apiCalls(IntSupplier inFlight) {
        Gauge.builder("slipway.api.calls.in.flight", inFlight::getAsInt)
                .description("API calls open right now")
                .register(registry);
    }

    /// Whether the records of the store can be relied on.
    void metadata(Cas cas) {
        Gauge.builder(
                        "slipway.metadata.damaged",
                        cas,
                        c -> c.metadata().damage().isPresent() ? 1 : 0)
                .description("1 when the metadata is damaged: nothing is collected, a restart replaces it")
                .register(registry);
        Gauge.builder("slipway.metadata.replaced", cas, c -> c.recovery().isPresent() ? 1 : 0)
                .description("1 when the metadata of this root had to be replaced")
                .register(registry);
        Gauge.builder(
                        "slipway.metadata.lost",
                        cas,
                        c -> c.recovery()
                                .map(recovery -> (double) recovery.lost())
                                .orElse(0.0))
                .description("Things that could not be recovered when the metadata was replaced")
                .register(registry);
    }

    void runtime(Supplier<RuntimeCounts> counts) {
        runtime.set(counts);
    }

    /// The text of one scrape.
    String scrape() {
        RuntimeCounts counts = runtime.get().get();
        Map<String, Long> byNamespace = new TreeMap<>(counts.containers());
        // The series exists from the first scrape on, so that an alert on it never sees "no data".
        byNamespace.putIfAbsent("default", 0L);
        containers.register(rows("namespace", byNamespace), true);
        Map<String, Long> byState = new TreeMap<>();
        for (TaskState state : TaskState.values()) {
            byState.put(lower(state), counts.tasks().getOrDefault(state, 0L));
        }
        tasks.register(rows("state", byState), true);
        return registry.scrape();
    }

    @Override
    public void answered(Answer answer) {
        count(
                        "slipway.mirror.requests",
                        "Requests that the mirror answered.",
                        "kind",
                        lower(answer.kind()),
                        "status",
                        Integer.toString(answer.status()),
                        "source",
                        lower(answer.source()),
                        "complete",
                        Boolean.toString(answer.complete()))
                .increment();
        Map<Source, Counter> bySource = mirrorBytes.get(answer.kind());
        Counter bytes = bySource == null ? null : bySource.get(answer.source());
        if (bytes != null) {
            bytes.increment((double) answer.bodyBytes());
        }
    }

    /// Every meter has a HELP line, whenever it appears first.
    private Counter count(String name, String help, String... tags) {
        return Counter.builder(name).description(help).tags(tags).register(registry);
    }

    @Override
    public void pullFinished(Duration took, Optional<String> failure) {
        if (failure.isEmpty()) {
            pulls.record(took);
        }
        count(
                        "slipway.pulls",
                        "Pulls that ended, by result.",
                        "result",
                        failure.map(f -> f.toLowerCase(Locale.ROOT)).orElse("done"))
                .increment();
    }

    @Override
    public void hostsFileIgnored(Path file) {
        count("slipway.hosts.files.ignored", "hosts.toml files that do not parse and were passed over.")
                .increment();
    }

    @Override
    public void request(String host, int status) {
        count(
                        "slipway.registry.requests",
                        "Requests to registries, by host and status.",
                        "host",
                        label(host),
                        "status",
                        Integer.toString(status))
                .increment();
    }

    @Override
    public void received(String host, long bytes) {
        count("slipway.registry.received.bytes", "Bytes of bodies received from registries.", "host", label(host))
                .increment((double) bytes);
    }

    @Override
    public void rangeRetried(String host) {
        count("slipway.registry.ranges.retried", "Ranges asked for again.", "host", label(host))
                .increment();
    }

    private synchronized String label(String host) {
        if (hosts.containsKey(host)) {
            return host;
        }
        if (hosts.size() >= HOSTS_MAX) {
            return "other";
        }
        hosts.put(host, true);
        return host;
    }

    private Counter mirrorBytes(Kind kind, Source source) {
        return Counter.builder("slipway.mirror.sent.bytes")
                .description("Body bytes that the mirror sent")
                .tags("kind", lower(kind), "source", lower(source))
                .register(registry);
    }

    private static List<MultiGauge.Row<?>> rows(String label, Map<String, Long> values) {
        return values.entrySet().stream()
                .<MultiGauge.Row<?>>map(e -> MultiGauge.Row.of(Tags.of(label, e.getKey()), e.getValue()))
                .toList();
    }

    private static String lower(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT);
    }

    /// proc(5), /proc/pid/statm: the second number is the resident set in pages of 4 KiB.
    private static double residentBytes() {
        try {
            return Long.parseLong(Files.readString(Path.of("/proc/self/statm")).split(" ", 3)[1]) * 4096.0;
        } catch (IOException e) {
            return Double.NaN;
        }
    }
}
