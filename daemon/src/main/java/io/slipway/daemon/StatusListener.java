package io.slipway.daemon;

import io.slipway.daemon.config.Address;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import java.io.IOException;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.Semaphore;
import java.util.function.Supplier;

/// `/v1/metrics`, `/healthz` (200 as soon as it listens) and `/readyz` (200 once every enabled role
/// answers, before that 503 with one line per missing part).
final class StatusListener implements AutoCloseable {
    /// A scrape walks every series; more at once than this is no monitoring.
    private static final int SCRAPES_MAX = 4;

    private static final int IDLE_SECONDS = 60;
    private static final String TEXT = "text/plain; charset=utf-8";
    /// The format that the scrape is written in.
    private static final String PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8";

    private final Address.Tcp bound;
    private final HttpServer server;

    private StatusListener(Address.Tcp bound, HttpServer server) {
        this.bound = bound;
        this.server = server;
    }

    /// @param scrape called on virtual threads
    static StatusListener listen(Vertx vertx, Address.Tcp address, Readiness readiness, Supplier<String> scrape)
            throws StartException {
        Semaphore scrapes = new Semaphore(SCRAPES_MAX);
        HttpServer server = vertx.createHttpServer(new HttpServerOptions()
                        .setIdleTimeout(IDLE_SECONDS)
                        .setMaxInitialLineLength(1024)
                        .setMaxHeaderSize(8192))
                .requestHandler(request -> answer(request, readiness, scrape, scrapes));
        try {
            HttpServer open = Bound.await(server.listen(address.port(), address.host()), Bound.LISTEN);
            return new StatusListener(new Address.Tcp(address.host(), open.actualPort()), server);
        } catch (Exception e) {
            boolean inUse = AddressInUse.is(e);
            throw new StartException(
                    inUse ? ExitCode.IN_USE : ExitCode.FAILED,
                    "metrics address " + address + ": " + (inUse ? "somebody listens there" : e.getMessage())
                            + "; name another with --metrics-address",
                    e);
        }
    }

    /// With the port that was picked.
    Address.Tcp address() {
        return bound;
    }

    @Override
    public void close() throws IOException {
        Bound.close(server.close(), Duration.ofSeconds(2));
    }

    private static void answer(
            HttpServerRequest request, Readiness readiness, Supplier<String> scrape, Semaphore scrapes) {
        if (!request.method().equals(HttpMethod.GET) && !request.method().equals(HttpMethod.HEAD)) {
            end(request, 405, TEXT, "only GET\n");
            return;
        }
        switch (request.path()) {
            case "/healthz" -> end(request, 200, TEXT, "ok\n");
            case "/readyz" -> {
                if (readiness.ready()) {
                    end(request, 200, TEXT, "ok\n");
                } else {
                    end(request, 503, TEXT, String.join("\n", readiness.lines()) + "\n");
                }
            }
            case "/v1/metrics" -> scrape(request, scrape, scrapes);
            case null, default -> end(request, 404, TEXT, "/v1/metrics, /healthz or /readyz\n");
        }
    }

    private static void scrape(HttpServerRequest request, Supplier<String> scrape, Semaphore scrapes) {
        if (!scrapes.tryAcquire()) {
            end(request, 503, TEXT, "too many scrapes at once\n");
            return;
        }
        Context loop = Objects.requireNonNull(Vertx.currentContext(), "requests arrive on an event loop");
        Thread.ofVirtual().name("scrape").start(() -> {
            try {
                String body = scrape.get();
                loop.runOnContext(_ -> end(request, 200, PROMETHEUS, body));
            } catch (RuntimeException e) {
                loop.runOnContext(_ -> end(request, 500, TEXT, "scrape failed\n"));
                throw e;
            } finally {
                scrapes.release();
            }
        });
    }

    private static void end(HttpServerRequest request, int status, String type, String body) {
        if (!request.response().closed()) {
            request.response().setStatusCode(status).putHeader("content-type", type);
            request.response().end(body);
        }
    }
}
