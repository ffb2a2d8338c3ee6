package io.slipway.mirror;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufAllocatorMetricProvider;
import io.slipway.cas.Digest;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.http.PoolOptions;
import io.vertx.core.impl.buffer.VertxByteBufAllocator;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Bodies on HTTP/2 stay within the named bound, whatever the readers do. Naive pumps let whole bodies queue off the
/// heap
/// here: gigabytes for a load like this one.
class MirrorMemoryTest {

    private static final int CONNECTIONS = 4;
    private static final int STREAMS = 32;
    private static final int BLOB_BYTES = 16 << 20;

    /// What the transport of server *and* client (both run in this process) may hold beside the bound: socket reads,
    /// frame headers, allocator chunks.
    private static final long TRANSPORT_BYTES = 96L << 20;

    @TempDir
    Path root;

    @Test
    void manyStreamsOfSlowReadersStayWithinTheBound() throws Exception {
        try (var harness = new MirrorHarness(root, o -> o)) {
            Digest digest = harness.upstreams.putBlob("registry.test", "team/app", new byte[BLOB_BYTES]);
            String path = "/v2/team/app/blobs/" + digest + "?ns=registry.test";
            try (var warm = harness.client(HttpVersion.HTTP_1_1)) {
                assertThat(warm.get(path).complete()).isTrue();
            }
            long before = transportMemory();
            var peak = new Peak(harness.mirror());
            var received = new AtomicLong();
            var finished = new AtomicInteger();
            List<HttpClientResponse> responses = new CopyOnWriteArrayList<>();
            List<HttpClient> clients = new ArrayList<>();
            for (int c = 0; c < CONNECTIONS; c++) {
                HttpClient client = slowClient(harness);
                clients.add(client);
                for (int s = 0; s < STREAMS; s++) {
                    client.request(HttpMethod.GET, port(harness), "127.0.0.1", path)
                            .compose(request -> request.send())
                            .onSuccess(response -> {
                                response.pause();
                                response.handler(chunk -> received.addAndGet(chunk.length()));
                                response.endHandler(_ -> finished.incrementAndGet());
                                responses.add(response);
                            });
                }
            }
            await("all are being answered").until(() -> responses.size() == CONNECTIONS * STREAMS);
            await("nothing moves any more").pollInterval(Duration.ofMillis(200)).until(peak::isStill);
            peak.look();
            responses.forEach(response -> response.resume());
            await("every body has arrived")
                    .atMost(Duration.ofMinutes(2))
                    .pollInterval(Duration.ofMillis(5))
                    .until(() -> {
                        peak.look();
                        return finished.get() == CONNECTIONS * STREAMS;
                    });
            assertThat(received).hasValue((long) CONNECTIONS * STREAMS * BLOB_BYTES);
            long bound = MirrorLimits.defaults().inflightBytes();
            assertThat(peak.inflight).as("bytes claimed").isPositive().isLessThanOrEqualTo(bound);
            assertThat(peak.chunks).as("memory of chunks").isLessThanOrEqualTo(2 * bound);
            assertThat(peak.direct - before).as("all direct memory").isLessThanOrEqualTo(2 * bound + TRANSPORT_BYTES);
            clients.forEach(client -> client.close());
            await("every buffer came back").until(() -> harness.mirror().bytesInFlight() == 0);
        }
    }

    /// Memory of the transports' allocator, of server and client together.
    private static long transportMemory() {
        return VertxByteBufAllocator.POOLED_ALLOCATOR instanceof ByteBufAllocatorMetricProvider provider
                ? provider.metric().usedDirectMemory()
                : 0;
    }

    private static HttpClient slowClient(MirrorHarness harness) {
        var options = new HttpClientOptions()
                .setProtocolVersion(HttpVersion.HTTP_2)
                .setHttp2ClearTextUpgrade(false)
                .setHttp2MultiplexingLimit(STREAMS)
                .setHttp2ConnectionWindowSize(8 << 20);
        options.getInitialSettings().setInitialWindowSize(256 * 1024);
        return harness.vertx.createHttpClient(options, new PoolOptions().setHttp2MaxSize(1));
    }

    private static int port(MirrorHarness harness) {
        String address = harness.mirror().addresses().getFirst();
        return Integer.parseInt(address.substring(address.lastIndexOf(':') + 1));
    }

    private static final class Peak {
        private final Mirror mirror;
        private long inflight;
        private long chunks;
        private long direct;
        private long last = -1;

        Peak(Mirror mirror) {
            this.mirror = mirror;
        }

        void look() {
            inflight = Math.max(inflight, mirror.bytesInFlight());
            chunks = Math.max(
                    chunks,
                    ((ByteBufAllocatorMetricProvider) ByteBufAllocator.DEFAULT)
                            .metric()
                            .usedDirectMemory());
            direct = Math.max(direct, transportMemory());
        }

        boolean isStill() {
            look();
            long now = mirror.bytesInFlight();
            boolean still = now == last && now > 0;
            last = now;
            return still;
        }
    }
}
