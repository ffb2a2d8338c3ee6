package io.slipway.daemon.lab;

import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// An HTTP/1.1 proxy in front of a registry that writes down what is asked and how much is delivered, and that
/// can hold blob bodies back, so that a test stops a pull at a known point.
public final class LabProxy implements AutoCloseable {
    private static final int CHUNK = 32 * 1024;
    private static final Pattern RANGE = Pattern.compile("bytes=(\\d+)-(\\d*)");
    private static final Pattern BLOB = Pattern.compile(".*/blobs/(sha256:[0-9a-f]{64})");

    /// One answered request.
    ///
    /// @param method its method
    /// @param path its path without query
    /// @param query its query, empty when there is none
    /// @param status what the registry answered
    /// @param from first byte of the body in the blob
    /// @param delivered bytes of the body that went to the client
    /// @param interrupted whether the client went away before the end of the body
    public record Seen(
            String method, String path, String query, int status, long from, long delivered, boolean interrupted) {
        /// The digest when a blob was asked for.
        public Optional<String> blob() {
            Matcher blob = BLOB.matcher(path);
            return blob.matches() ? Optional.of(blob.group(1)) : Optional.empty();
        }
    }

    private final HttpServer server;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final HttpClient client = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .executor(threads)
            .build();
    private final AtomicReference<String> target;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final List<Seen> seen = new ArrayList<>();
    // guarded by lock
    private long bodyBytes;
    private long holdAfter = Long.MAX_VALUE;
    private int held;
    private int open;

    private LabProxy(HttpServer server, String target) {
        this.server = server;
        this.target = new AtomicReference<>(target);
    }

    /// Starts in front of `registry` (`HOST:PORT`, plain HTTP).
    public static LabProxy start(String registry) throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 128);
        LabProxy proxy = new LabProxy(server, registry);
        server.setExecutor(proxy.threads);
        server.createContext("/", proxy::serve);
        server.start();
        return proxy;
    }

    /// `127.0.0.1:PORT`.
    public String host() {
        return "127.0.0.1:" + server.getAddress().getPort();
    }

    /// Lets `bytes` more of blob bodies through, then holds every body until [#release].
    public void holdAfter(long bytes) {
        lock.lock();
        try {
            holdAfter = bodyBytes + bytes;
        } finally {
            lock.unlock();
        }
    }

    /// Waits until a body is held.
    public void awaitHeld() throws InterruptedException {
        lock.lock();
        try {
            while (held == 0) {
                changed.await();
            }
        } finally {
            lock.unlock();
        }
    }

    /// Holds nothing any more.
    public void release() {
        lock.lock();
        try {
            holdAfter = Long.MAX_VALUE;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /// Everything answered so far, oldest first; a body under way counts with what was delivered when it
    /// ended.
    public List<Seen> seen() {
        lock.lock();
        try {
            return List.copyOf(seen);
        } finally {
            lock.unlock();
        }
    }

    /// Requests under way.
    public int openBodies() {
        lock.lock();
        try {
            return open;
        } finally {
            lock.unlock();
        }
    }

    private void count(int change) {
        lock.lock();
        try {
            open += change;
        } finally {
            lock.unlock();
        }
    }

    private void serve(HttpExchange exchange) throws IOException {
        URI uri = exchange.getRequestURI();
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create("http://" + target.get() + uri))
                .method(exchange.getRequestMethod(), HttpRequest.BodyPublishers.noBody());
        exchange.getRequestHeaders().forEach((name, values) -> {
            if (!List.of("host", "connection", "content-length", "upgrade", "http2-settings")
                    .contains(name.toLowerCase(Locale.ROOT))) {
                values.forEach(value -> request.header(name, value));
            }
        });
        Delivery delivery = new Delivery(0, false);
        long from = 0;
        int status = 502;
        count(1);
        try (exchange) {
            HttpResponse<InputStream> response =
                    client.send(request.build(), HttpResponse.BodyHandlers.ofInputStream());
            status = response.statusCode();
            if (status == 206) {
                Matcher range = RANGE.matcher(
                        Optional.ofNullable(exchange.getRequestHeaders().getFirst("Range"))
                                .orElse(""));
                from = range.matches() ? Long.parseLong(range.group(1)) : 0;
            }
            delivery = answer(exchange, response);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            record(new Seen(
                    exchange.getRequestMethod(),
                    uri.getPath(),
                    Optional.ofNullable(uri.getQuery()).orElse(""),
                    status,
                    from,
                    delivery.bytes(),
                    delivery.interrupted()));
            count(-1);
        }
    }

    private record Delivery(long bytes, boolean interrupted) {}

    private Delivery answer(HttpExchange exchange, HttpResponse<InputStream> response)
            throws IOException, InterruptedException {
        Headers headers = exchange.getResponseHeaders();
        response.headers().map().forEach((name, values) -> {
            if (!name.equalsIgnoreCase("transfer-encoding") && !name.equalsIgnoreCase("connection")) {
                values.forEach(value -> headers.add(name, value));
            }
        });
        boolean head = exchange.getRequestMethod().equals("HEAD");
        long length = response.headers().firstValueAsLong("content-length").orElse(head ? -1 : 0);
        exchange.sendResponseHeaders(response.statusCode(), head || length == 0 ? -1 : length);
        boolean blob = BLOB.matcher(exchange.getRequestURI().getPath()).matches();
        long delivered = 0;
        byte[] buffer = new byte[CHUNK];
        try (InputStream in = response.body();
                OutputStream out = exchange.getResponseBody()) {
            for (int n = in.read(buffer); n >= 0 && !head; n = in.read(buffer)) {
                if (blob) {
                    pass(n);
                }
                out.write(buffer, 0, n);
                delivered += n;
            }
        } catch (IOException clientGone) {
            return new Delivery(delivered, true); // what was delivered until then is what counts
        }
        return new Delivery(delivered, false);
    }

    private void pass(int bytes) throws InterruptedException {
        lock.lock();
        try {
            bodyBytes += bytes;
            while (bodyBytes > holdAfter) {
                held++;
                changed.signalAll();
                changed.await();
                held--;
            }
        } finally {
            lock.unlock();
        }
    }

    private void record(Seen one) {
        lock.lock();
        try {
            seen.add(one);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void close() {
        release();
        server.stop(0);
        client.close();
        threads.close();
    }
}
