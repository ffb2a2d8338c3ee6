package io.slipway.puller;

import io.slipway.cas.Digest;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;

/// A registry on loopback that counts what it is asked and misbehaves on demand.
final class TestRegistry implements AutoCloseable {
    private static final byte[] EMPTY = {};

    /// Answers a request itself, or leaves it to the registry by returning false.
    interface Fault {
        boolean answers(HttpServerRequest request);
    }

    record Seen(String method, String path, String query, Map<String, String> headers) {
        String header(String name) {
            return headers.getOrDefault(name.toLowerCase(java.util.Locale.ROOT), "");
        }
    }

    private final HttpServer server;
    private final Map<String, byte[]> objects = new ConcurrentHashMap<>();
    private final Map<String, String> types = new ConcurrentHashMap<>();
    final List<Seen> seen = new CopyOnWriteArrayList<>();
    final AtomicLong blobBytes = new AtomicLong();
    volatile Fault fault = request -> false;
    volatile boolean ranges = true;

    TestRegistry(Vertx vertx) {
        this(vertx, new HttpServerOptions());
    }

    TestRegistry(Vertx vertx, HttpServerOptions options) {
        this.server = vertx.createHttpServer(options.setHost("127.0.0.1").setPort(0))
                .requestHandler(this::handle)
                .listen()
                .await();
    }

    static String path(HttpServerRequest request) {
        return Objects.requireNonNullElse(request.path(), "");
    }

    String host() {
        return "127.0.0.1:" + server.actualPort();
    }

    int port() {
        return server.actualPort();
    }

    ImageReference push(String repository, String tag, TestImage image) {
        manifest(repository, tag, image.manifest(), TestImage.MANIFEST_TYPE);
        blob(image.config());
        image.layers().forEach(this::blob);
        return ImageReference.parse(host() + "/" + repository + ":" + tag);
    }

    void manifest(String repository, String tag, byte[] bytes, String type) {
        for (String name : List.of(tag, TestImage.digest(bytes).toString())) {
            String path = "/v2/" + repository + "/manifests/" + name;
            objects.put(path, bytes);
            types.put(path, type);
        }
    }

    void blob(byte[] bytes) {
        blobAs(TestImage.digest(bytes), bytes);
    }

    void blobAs(Digest digest, byte[] bytes) {
        objects.put("blob " + digest, bytes);
    }

    long count(String method, String part) {
        return seen.stream()
                .filter(s -> s.method().equals(method) && s.path().contains(part))
                .count();
    }

    private void handle(HttpServerRequest request) {
        Map<String, String> headers = new ConcurrentHashMap<>();
        request.headers().forEach((k, v) -> headers.put(k.toLowerCase(java.util.Locale.ROOT), v));
        seen.add(new Seen(
                request.method().name(),
                path(request),
                Optional.ofNullable(request.query()).orElse(""),
                headers));
        if (fault.answers(request)) {
            return;
        }
        serve(request);
    }

    /// The regular answer.
    void serve(HttpServerRequest request) {
        String path = path(request);
        int blob = path.lastIndexOf("/blobs/");
        byte[] bytes = blob > 0
                ? objects.getOrDefault("blob " + path.substring(blob + 7), EMPTY)
                : objects.getOrDefault(path, EMPTY);
        boolean exists = blob > 0 ? objects.containsKey("blob " + path.substring(blob + 7)) : objects.containsKey(path);
        if (!exists) {
            request.response()
                    .setStatusCode(404)
                    .putHeader("Content-Type", "application/json")
                    .end("{\"errors\":[{\"code\":\"MANIFEST_UNKNOWN\",\"message\":\"manifest unknown\"}]}");
            return;
        }
        var response = request.response()
                .putHeader("Docker-Content-Digest", TestImage.digest(bytes).toString())
                .putHeader("Content-Type", types.getOrDefault(path, "application/octet-stream"));
        String range = request.getHeader("Range");
        int from = 0;
        int to = bytes.length;
        if (blob > 0 && ranges && range != null) {
            String[] ends = range.replace("bytes=", "").split("-", -1);
            from = Integer.parseInt(ends[0]);
            to = ends[1].isEmpty() ? to : Math.min(to, Integer.parseInt(ends[1]) + 1);
            if (from >= bytes.length) {
                response.setStatusCode(416)
                        .putHeader("Content-Range", "bytes */" + bytes.length)
                        .end();
                return;
            }
            response.setStatusCode(206)
                    .putHeader("Content-Range", "bytes " + from + "-" + (to - 1) + "/" + bytes.length);
        }
        response.putHeader("Content-Length", Integer.toString(to - from));
        if (request.method().equals(HttpMethod.HEAD)) {
            response.end();
            return;
        }
        if (blob > 0) {
            blobBytes.addAndGet(to - from);
        }
        response.end(Buffer.buffer(java.util.Arrays.copyOfRange(bytes, from, to)));
    }

    /// Promises a body of this length, sends zeros at its start, then nothing.
    static Fault rubbishThenSilence(long length, int sent) {
        return request -> {
            var _ = request.response()
                    .putHeader("Content-Length", Long.toString(length))
                    .write(Buffer.buffer(new byte[sent]));
            return true;
        };
    }

    @Override
    public void close() {
        server.close().await();
    }
}
