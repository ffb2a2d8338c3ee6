package io.slipway.mirror;

import io.vertx.core.MultiMap;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.http.PoolOptions;
import io.vertx.core.http.RequestOptions;
import io.vertx.core.net.SocketAddress;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/// A registry client on one protocol, blocking for tests.
final class WireClient implements AutoCloseable {

    private static final int WAIT_SECONDS = 20;
    private final HttpClient http;
    private final SocketAddress server;

    WireClient(Vertx vertx, HttpVersion version, SocketAddress server) {
        this(vertx, version, server, false);
    }

    /// @param tls speaks TLS and trusts everyone
    WireClient(Vertx vertx, HttpVersion version, SocketAddress server, boolean tls) {
        this.server = server;
        var options = new HttpClientOptions()
                .setProtocolVersion(version)
                .setHttp2ClearTextUpgrade(false)
                .setSsl(tls)
                .setTrustAll(tls)
                .setVerifyHost(false)
                .setUseAlpn(tls && version == HttpVersion.HTTP_2)
                .setHttp2MultiplexingLimit(100)
                .setHttp2ConnectionWindowSize(1 << 20);
        options.getInitialSettings().setInitialWindowSize(1 << 20);
        this.http = vertx.createHttpClient(
                options, new PoolOptions().setHttp1MaxSize(64).setHttp2MaxSize(4));
    }

    /// @param complete false when the body was cut or reset
    record Reply(int status, MultiMap headers, Buffer body, boolean complete) {
        String header(String name) {
            String value = headers.get(name);
            return value == null ? "" : value;
        }
    }

    /// An answer on its way.
    static final class Download {
        final CompletableFuture<HttpClientResponse> head = new CompletableFuture<>();
        final CompletableFuture<Boolean> complete = new CompletableFuture<>();
        private final Buffer body = Buffer.buffer();
        private final CompletableFuture<HttpClientRequest> request = new CompletableFuture<>();

        synchronized int received() {
            return body.length();
        }

        private synchronized void add(Buffer chunk) {
            body.appendBuffer(chunk);
        }

        HttpClientResponse awaitHead() throws Exception {
            return head.get(WAIT_SECONDS, TimeUnit.SECONDS);
        }

        Reply await() throws Exception {
            HttpClientResponse response = awaitHead();
            boolean whole = complete.get(WAIT_SECONDS, TimeUnit.SECONDS);
            synchronized (this) {
                return new Reply(response.statusCode(), response.headers(), body, whole);
            }
        }

        void hangUp() {
            request.join().reset(8);
        }
    }

    Reply get(String path, String... headers) throws Exception {
        return start(HttpMethod.GET, path, headers).await();
    }

    Reply head(String path, String... headers) throws Exception {
        return start(HttpMethod.HEAD, path, headers).await();
    }

    Reply send(String method, String path, String... headers) throws Exception {
        return start(HttpMethod.valueOf(method), path, headers).await();
    }

    Download start(HttpMethod method, String path, String... headers) {
        var download = new Download();
        var options = new RequestOptions()
                .setMethod(method)
                .setServer(server)
                .setHost("localhost")
                .setURI(path);
        for (int i = 0; i < headers.length; i += 2) {
            options.addHeader(headers[i], headers[i + 1]);
        }
        http.request(options)
                .compose(request -> {
                    download.request.complete(request);
                    request.response().onSuccess(response -> {
                        response.handler(download::add);
                        response.endHandler(_ -> download.complete.complete(true));
                        response.exceptionHandler(_ -> download.complete.complete(false));
                        download.head.complete(response);
                    });
                    return request.send();
                })
                .onFailure(download.head::completeExceptionally);
        return download;
    }

    @Override
    public void close() {
        http.close();
    }
}
