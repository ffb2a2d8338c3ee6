package io.slipway.mirror;

import io.slipway.cas.Cas;
import io.slipway.cas.CasOptions;
import io.slipway.linux.Hashers;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.net.SocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;

/// A mirror on loopback over a real store on disk, with upstreams in memory.
final class MirrorHarness implements AutoCloseable {

    final Vertx vertx = Vertx.vertx();
    final ManualClock clock = new ManualClock();
    final List<MirrorMetrics.Answer> answers = new CopyOnWriteArrayList<>();
    final Cas cas;
    final FakeUpstreams upstreams;
    private final ExecutorService bytes = Executors.newFixedThreadPool(2);
    private Mirror mirror;
    private boolean tls;

    /// Awaitility with a short interval: these waits are for something that is about to happen.
    static ConditionFactory await(String cause) {
        return Awaitility.await(cause).pollDelay(Duration.ZERO).pollInterval(Duration.ofMillis(4));
    }

    MirrorHarness(Path root, UnaryOperator<MirrorOptions> change) throws Exception {
        cas = Cas.open(CasOptions.of(root, bytes, Hashers.best()).withArrivalGrace(Duration.ofSeconds(10)));
        cas.joined();
        upstreams = new FakeUpstreams(cas.blobs());
        try {
            mirror = start(change);
        } catch (Exception e) {
            closeAround();
            throw e;
        }
    }

    private Mirror start(UnaryOperator<MirrorOptions> change) throws Exception {
        var options = MirrorOptions.of(List.of("127.0.0.1:0"), "node-1")
                .withUpstreams(List.of("registry.test", "other.test", "docker.io"))
                .withClock(clock)
                .withMetrics(answers::add);
        MirrorOptions changed = change.apply(options);
        tls = changed.tls().isPresent();
        return Mirror.start(vertx, cas, upstreams, changed);
    }

    Mirror mirror() {
        return mirror;
    }

    /// A new mirror over the same store, as after a restart of the daemon.
    void restart(UnaryOperator<MirrorOptions> change) throws Exception {
        mirror.stop();
        mirror = start(change);
    }

    WireClient client(HttpVersion version) {
        String address = mirror.addresses().getFirst();
        int colon = address.lastIndexOf(':');
        return new WireClient(
                vertx,
                version,
                SocketAddress.inetSocketAddress(
                        Integer.parseInt(address.substring(colon + 1)), address.substring(0, colon)),
                tls);
    }

    @Override
    public void close() {
        mirror.stop();
        closeAround();
    }

    /// What is there without a mirror, too.
    private void closeAround() {
        cas.close();
        bytes.shutdown();
        vertx.close()
                .toCompletionStage()
                .toCompletableFuture()
                .orTimeout(20, TimeUnit.SECONDS)
                .join();
    }
}
