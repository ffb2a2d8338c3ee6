package io.slipway.daemon.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.slipway.daemon.lab.LabImage;
import io.slipway.daemon.lab.LabRegistry;
import io.slipway.daemon.lab.PackagedDaemon;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A registry that promises the right length, sends rubbish and falls silent must spoil nobody's pull but its
/// own: neither while its answer is being followed, nor after a restart that finds what it left.
@Tag("root")
@Tag("peer")
final class BadUpstreamTest {
    private static final int RUBBISH_BYTES = 200_000;
    private static final int LAYER_BYTES = 8 << 20;

    @TempDir
    Path work;

    @Test
    void rubbishFromOneRegistrySpoilsNoPullFromAnother() throws Exception {
        CountDownLatch end = new CountDownLatch(1);
        HttpServer bad = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 16);
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
        bad.setExecutor(threads);
        try (LabRegistry registry = LabRegistry.start(work)) {
            LabImage image = LabImage.large(work.resolve("i"), LAYER_BYTES);
            String reference = registry.push(image, "lab/wanted");
            String layer = image.layers().getLast();
            long size = Files.size(registry.blobFile(layer));
            bad.createContext("/", exchange -> answer(exchange, size, end));
            bad.start();
            String host = "127.0.0.1:" + bad.getAddress().getPort();
            Path config = work.resolve("slipway.toml");
            Files.writeString(config, "version = 3\n[mirror]\nupstreams = [\"" + host + "\"]\n");
            Path home = work.resolve("slipway");

            PackagedDaemon first = PackagedDaemon.start(home, "--config", config.toString());
            CompletableFuture<HttpResponse<InputStream>> stalled = ask(first, "x/y", layer, host);
            try (InputStream body = stalled.get().body()) {
                assertThat(body.readNBytes(RUBBISH_BYTES / 2)).containsOnly(0);
                first.checkSlipway("pull", reference);
                assertThat(first.checkSlipway("run", "--rm", reference)).isEqualTo("hello from inside\n");
            }
            first.checkSlipway("rmi", reference);
            first.process().kill();

            // Once more from the start, with the rubbish recorded before the daemon dies.
            try (PackagedDaemon second = PackagedDaemon.start(work.resolve("other"), "--config", config.toString())) {
                try (InputStream body = ask(second, "x/y", layer, host).get().body()) {
                    assertThat(body.readNBytes(RUBBISH_BYTES / 2)).hasSize(RUBBISH_BYTES / 2);
                }
                second.process().kill();
            }
            try (PackagedDaemon third = PackagedDaemon.start(work.resolve("other"), "--config", config.toString())) {
                third.checkSlipway("pull", reference);
                assertThat(third.checkSlipway("run", "--rm", reference)).isEqualTo("hello from inside\n");
            }
        } finally {
            end.countDown();
            bad.stop(0);
            threads.close();
        }
    }

    private static CompletableFuture<HttpResponse<InputStream>> ask(
            PackagedDaemon daemon, String repository, String digest, String host) {
        URI uri = URI.create("http://" + daemon.mirror() + "/v2/" + repository + "/blobs/" + digest + "?ns=" + host);
        return HttpClient.newHttpClient()
                .sendAsync(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofInputStream());
    }

    private static void answer(HttpExchange exchange, long size, CountDownLatch end) throws IOException {
        boolean blob = exchange.getRequestURI().getPath().contains("/blobs/");
        exchange.sendResponseHeaders(200, blob ? size : -1);
        if (!blob) {
            exchange.close();
            return;
        }
        exchange.getResponseBody().write(new byte[RUBBISH_BYTES]);
        exchange.getResponseBody().flush();
        try {
            end.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        exchange.close();
    }
}
