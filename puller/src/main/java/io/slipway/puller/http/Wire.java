package io.slipway.puller.http;

import io.slipway.puller.AddressPolicy;
import io.slipway.puller.PullerObserver;
import io.slipway.puller.PullerOptions;
import io.slipway.puller.RegistryException;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpClosedException;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.RequestOptions;
import io.vertx.core.net.SocketAddress;
import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/// Sends one request to one URL and returns the head of the answer. Blocking, thread-safe; not for event loops.
public final class Wire implements AutoCloseable {
    /// Addresses of one name that are tried, one after the other.
    private static final int ADDRESSES_MAX = 8;

    private final Vertx vertx;
    private final Clients clients;
    private final Names names;
    private final BlockPool blocks = new BlockPool();
    private final PullerOptions options;
    private final PullerObserver observer;

    /// Opens no connection yet.
    public Wire(Vertx vertx, PullerOptions options, Names names, PullerObserver observer) {
        this.vertx = vertx;
        this.options = options;
        this.names = names;
        this.observer = observer;
        this.clients = new Clients(
                vertx, options, SystemTrust.ofThisMachine(Optional.ofNullable(System.getenv("SSL_CERT_FILE"))));
    }

    /// A request that failed before its answer began.
    public static final class NotSent extends Exception {
        private static final long serialVersionUID = 1L;

        private final RegistryException failure;
        private final boolean maySpeakPlain;

        NotSent(RegistryException failure, boolean maySpeakPlain) {
            super(failure);
            this.failure = failure;
            this.maySpeakPlain = maySpeakPlain;
        }

        /// What to report.
        public RegistryException failure() {
            return failure;
        }

        /// Whether the peer may be one without TLS.
        public boolean maySpeakPlain() {
            return maySpeakPlain;
        }
    }

    /// Sends and waits for the head of the answer.
    ///
    /// @throws NotSent when no connection could be made
    /// @throws RegistryException ADDRESS_REFUSED, or UNREACHABLE and TIMEOUT after the request went out
    public WireResponse send(WireRequest request) throws RegistryException, NotSent, InterruptedException {
        HttpUrl url = request.url();
        List<InetAddress> known;
        try {
            known = names.resolve(url.host());
        } catch (RegistryException e) {
            throw new NotSent(e, false);
        }
        List<InetAddress> addresses = allowed(url, known, request.policy());
        NotSent last = null;
        for (InetAddress address : addresses) {
            try {
                return send(request, address, true);
            } catch (NotSent e) {
                last = e;
            }
        }
        if (last == null) {
            throw new IllegalStateException("a name without addresses resolves to an error");
        }
        observer.request(url.authority(), 0);
        throw last;
    }

    private static List<InetAddress> allowed(HttpUrl url, List<InetAddress> known, AddressPolicy policy)
            throws RegistryException {
        List<InetAddress> allowed = new ArrayList<>();
        for (InetAddress address : known) {
            boolean fits = policy == AddressPolicy.ANY || AddressRules.isPublic(address);
            if (fits && allowed.size() < ADDRESSES_MAX) {
                allowed.add(address);
            }
        }
        if (allowed.isEmpty()) {
            throw new RegistryException(
                    RegistryException.Code.ADDRESS_REFUSED,
                    url.authority(),
                    url.authority() + " is not at a public address and is not named as an upstream; add it to"
                            + " [mirror] upstreams or give it a directory in config_path");
        }
        return allowed;
    }

    private WireResponse send(WireRequest request, InetAddress address, boolean mayRepeat)
            throws RegistryException, NotSent, InterruptedException {
        HttpClientRequest sending = connect(request, address);
        CompletableFuture<WireResponse> head = new CompletableFuture<>();
        HttpUrl url = request.url();
        sending.response().onComplete(result -> {
            if (result.failed()) {
                head.completeExceptionally(result.cause());
                return;
            }
            result.result().pause();
            Context context = vertx.getOrCreateContext();
            WireResponse response = new WireResponse(
                    result.result(),
                    context,
                    url,
                    blocks,
                    options.timeouts().small(),
                    options.timeouts().stall());
            if (!head.complete(response)) {
                response.discard();
            }
        });
        if (request.body().isPresent()) {
            var _ = sending.end(request.body().get());
        } else {
            var _ = sending.end();
        }
        try {
            WireResponse response = head.get(options.timeouts().header().toMillis(), TimeUnit.MILLISECONDS);
            observer.request(url.authority(), response.status());
            return response;
        } catch (ExecutionException e) {
            observer.request(url.authority(), 0);
            // A kept connection may be closed by the server just when it is used again.
            if (mayRepeat
                    && e.getCause() instanceof HttpClosedException
                    && !request.method().equals(HttpMethod.POST)) {
                return send(request, address, false);
            }
            throw new RegistryException(
                    RegistryException.Code.UNREACHABLE,
                    url.authority(),
                    url.authority() + " gave no answer (" + Failures.text(e) + ")",
                    e);
        } catch (TimeoutException e) {
            observer.request(url.authority(), 0);
            abandon(head, sending);
            throw new RegistryException(
                    RegistryException.Code.TIMEOUT,
                    url.authority(),
                    url.authority() + " gave no answer within "
                            + options.timeouts().header().toMillis() + " ms",
                    e);
        } catch (InterruptedException e) {
            abandon(head, sending);
            throw e;
        }
    }

    private static void abandon(CompletableFuture<WireResponse> head, HttpClientRequest sending) {
        head.cancel(false);
        var _ = sending.reset(8);
    }

    private HttpClientRequest connect(WireRequest request, InetAddress address)
            throws RegistryException, NotSent, InterruptedException {
        HttpUrl url = request.url();
        HttpClient client = clients.client(url.tls(), request.tls(), request.lane());
        RequestOptions dial = new RequestOptions()
                .setMethod(request.method())
                .setServer(SocketAddress.inetSocketAddress(url.port(), address.getHostAddress()))
                .setHost(url.host().indexOf(':') >= 0 ? "[" + url.host() + "]" : url.host())
                .setPort(url.port())
                .setSsl(url.tls())
                .setURI(url.target())
                .setFollowRedirects(false)
                .setConnectTimeout(request.connectTimeout().toMillis());
        request.headers().forEach((name, values) -> values.forEach(value -> dial.addHeader(name, value)));
        CompletableFuture<HttpClientRequest> connected = new CompletableFuture<>();
        client.request(dial).onComplete(result -> {
            if (result.succeeded()) {
                if (!connected.complete(result.result())) {
                    var _ = result.result().reset(8);
                }
            } else {
                connected.completeExceptionally(result.cause());
            }
        });
        Duration limit = request.connectTimeout().plus(options.timeouts().tls());
        @Nullable Throwable cause;
        try {
            return connected.get(limit.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException e) {
            cause = e.getCause() == null ? e : e.getCause();
        } catch (TimeoutException e) {
            connected.cancel(false);
            throw new NotSent(
                    new RegistryException(
                            RegistryException.Code.TIMEOUT,
                            url.authority(),
                            "can't connect to " + url.authority() + " within " + limit.toMillis() + " ms",
                            e),
                    true);
        } catch (InterruptedException e) {
            connected.cancel(false);
            throw e;
        }
        boolean late = Failures.isTimeout(cause);
        throw new NotSent(
                new RegistryException(
                        late ? RegistryException.Code.TIMEOUT : RegistryException.Code.UNREACHABLE,
                        url.authority(),
                        "can't connect to " + url.authority() + " (" + Failures.text(cause)
                                + "); check that it runs and is reachable from here",
                        cause),
                Failures.maySpeakPlain(cause));
    }

    /// Blocks of body memory in use.
    public int blocksInUse() {
        return blocks.inUse();
    }

    /// Closes all connections; requests under way fail.
    @Override
    public void close() {
        clients.close();
    }
}
