package io.slipway.mirror;

import io.slipway.mirror.MirrorMetrics.Kind;
import io.slipway.mirror.MirrorMetrics.Source;
import io.slipway.mirror.Outcome.Refusal;
import io.vertx.core.Handler;
import io.vertx.core.MultiMap;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Every request, on its event loop: what is in memory or needs no content is answered at once, the rest is told by
/// a virtual thread of its own.
final class RequestHandler implements Handler<HttpServerRequest> {

    /// Status that metrics see for a client that left before there was an answer (nginx's convention).
    static final int CLIENT_GONE = 499;

    /// A body nobody asked for is read and dropped up to this size, so that the refusal reaches its sender; then
    /// the connection is closed.
    private static final long MAX_DROPPED_BODY_BYTES = 1L << 20;

    private static final Logger LOG = LoggerFactory.getLogger(RequestHandler.class);
    private static final CharSequence RANGE = HttpHeaders.createOptimized("Range");
    private static final CharSequence IF_RANGE = HttpHeaders.createOptimized("If-Range");
    private static final CharSequence VIA = HttpHeaders.createOptimized("Via");
    private static final String READS = "GET, HEAD";

    private final Vertx vertx;
    private final MirrorOptions options;
    private final HotManifests hot;
    private final Storyteller storyteller;
    private final Responses responses;
    private final AnswerWriter writer;
    private final Executor threads;
    private final AtomicInteger active;
    private final String ownVia;

    /// @param threads starts a virtual thread for each story
    /// @param active requests being answered, shared by all listeners
    RequestHandler(
            Vertx vertx,
            MirrorOptions options,
            HotManifests hot,
            Storyteller storyteller,
            Responses responses,
            AnswerWriter writer,
            Executor threads,
            AtomicInteger active) {
        this.vertx = vertx;
        this.options = options;
        this.hot = hot;
        this.storyteller = storyteller;
        this.responses = responses;
        this.writer = writer;
        this.threads = threads;
        this.active = active;
        this.ownVia = "slipway-" + options.nodeId();
    }

    @Override
    public void handle(HttpServerRequest request) {
        boolean head = request.method().equals(HttpMethod.HEAD);
        boolean reads = head || request.method().equals(HttpMethod.GET);
        if (!reads) {
            dropBody(request);
        }
        boolean looped = isOwn(request.headers());
        Optional<HotManifests.Entry> entry = reads && !looped ? hot.get(request.uri()) : Optional.empty();
        Target target = entry.isPresent() ? new Target.Unknown() : target(request);
        Kind kind = entry.isPresent() ? Kind.MANIFEST : target.kind();
        int now = active.incrementAndGet();
        var exchange =
                new Exchange(request, vertx.getOrCreateContext(), kind, options.metrics(), active::decrementAndGet);
        if (now > options.limits().maxRequests()) {
            answer(request, exchange, new Refusal.Busy(), head, "");
        } else if (looped) {
            answer(request, exchange, new Refusal.Looped(), head, "");
        } else if (entry.isPresent()) {
            answer(request, exchange, entry.get().found(), head, entry.get().namespace());
        } else {
            dispatch(request, exchange, target, head, reads);
        }
    }

    private void dispatch(HttpServerRequest request, Exchange exchange, Target target, boolean head, boolean reads) {
        switch (target) {
            case Target.Base() ->
                answer(
                        request,
                        exchange,
                        reads ? new Outcome.Welcome() : new Refusal.WrongMethod(READS, "/v2/ can only be read"),
                        head,
                        "");
            case Target.Unknown(), Target.Catalog() -> answer(request, exchange, new Refusal.NoSuchPath(), head, "");
            case Target.Upload _ when reads -> answer(request, exchange, new Refusal.NoUpload(), head, "");
            case Target.Manifest(String name, var _) -> route(request, exchange, target, name, head, reads);
            case Target.Blob(String name, var _) -> route(request, exchange, target, name, head, reads);
            case Target.Tags(String name) -> route(request, exchange, target, name, head, reads);
            case Target.Referrers(String name, var _) -> route(request, exchange, target, name, head, reads);
            case Target.Upload(String name, var _) -> route(request, exchange, target, name, head, reads);
        }
    }

    private void route(
            HttpServerRequest request, Exchange exchange, Target target, String name, boolean head, boolean reads) {
        if (!reads) {
            answer(request, exchange, pushRefused(request), head, "");
            return;
        }
        switch (Route.of(name, namespaces(request), options)) {
            case Route.Malformed(String what) -> answer(request, exchange, new Refusal.BadName(what), head, "");
            case Route.Local(String repository) ->
                answer(request, exchange, new Refusal.NoRepository(repository), head, "");
            case Route.Nowhere() -> answer(request, exchange, new Refusal.NoRepository(name), head, "");
            case Route.Upstream at -> tell(request, exchange, target, at, head);
        }
    }

    private static Target target(HttpServerRequest request) {
        String path = request.path();
        return path == null ? new Target.Unknown() : RegistryPath.parse(path);
    }

    private static Refusal pushRefused(HttpServerRequest request) {
        return new Refusal.WrongMethod(
                READS,
                namespaces(request).isEmpty()
                        ? "this registry takes no pushes; push to the registry the image belongs to"
                        : "this is a mirror; push to the registry itself");
    }

    private void tell(HttpServerRequest request, Exchange exchange, Target target, Route.Upstream at, boolean head) {
        Conditions conditions = conditions(request, head, at.namespace() ? at.host() : "");
        String uri = request.uri();
        threads.execute(() -> {
            exchange.onGone(Thread.currentThread()::interrupt);
            try {
                Outcome outcome = storyteller.tell(target, at);
                if (outcome instanceof Outcome.Found found) {
                    hot.put(uri, found, conditions.namespace());
                }
                writer.send(exchange, responses.of(outcome, conditions), head);
            } catch (InterruptedException e) {
                // The only one who interrupts a story is its own client, by leaving.
                exchange.end(CLIENT_GONE, Source.NONE, false);
            } catch (RuntimeException e) {
                LOG.error("a request of the mirror failed", e);
                exchange.cut();
                exchange.end(500, Source.NONE, false);
            }
        });
    }

    private void answer(HttpServerRequest request, Exchange exchange, Outcome outcome, boolean head, String namespace) {
        Answer answer = responses.of(outcome, conditions(request, head, namespace));
        writer.sendNow(request.response(), exchange, answer, head);
    }

    private static Conditions conditions(HttpServerRequest request, boolean head, String namespace) {
        MultiMap headers = request.headers();
        return new Conditions(
                head,
                header(headers, RANGE),
                header(headers, IF_RANGE),
                header(headers, HttpHeaders.IF_NONE_MATCH),
                namespace);
    }

    private static String header(MultiMap headers, CharSequence name) {
        String value = headers.get(name);
        return value == null ? "" : value;
    }

    private static List<String> namespaces(HttpServerRequest request) {
        String query = request.query();
        if (query == null || query.isEmpty()) {
            return List.of();
        }
        return request.params().getAll("ns").stream()
                .filter(ns -> !ns.isEmpty())
                .toList();
    }

    /// True when a `Via` element names this node (RFC 9110, 7.6.3: `1.1 received-by`).
    private boolean isOwn(MultiMap headers) {
        if (!headers.contains(VIA)) {
            return false;
        }
        for (String line : headers.getAll(VIA)) {
            for (String hop : line.split(",", -1)) {
                String[] words = hop.strip().split("\\s+", 3);
                if (words.length >= 2 && words[1].equalsIgnoreCase(ownVia)) {
                    return true;
                }
            }
        }
        return false;
    }

    private static void dropBody(HttpServerRequest request) {
        long[] seen = new long[1]; // event loop only
        request.handler(chunk -> {
            seen[0] += chunk.length();
            if (seen[0] > MAX_DROPPED_BODY_BYTES) {
                request.connection().close();
            }
        });
    }
}
