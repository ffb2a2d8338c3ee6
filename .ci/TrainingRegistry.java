import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.zip.GZIPOutputStream;

/// A registry on loopback with one small image, train/image:1, so that the daemon's AOT cache learns what a pull
/// needs. Prints its port, then serves until standard input ends.
public final class TrainingRegistry {
    /// Enough for several ranges on several connections.
    private static final int LARGE_BYTES = 24 << 20;

    private static final int FILES = 300;

    private static final String OCI = "application/vnd.oci.image.";

    private final Map<String, byte[]> blobs = new HashMap<>();
    private final byte[] manifest;

    private TrainingRegistry() throws Exception {
        List<byte[]> tars = List.of(base(), change());
        List<String> layers = new ArrayList<>();
        List<String> diffIds = new ArrayList<>();
        for (byte[] tar : tars) {
            diffIds.add('"' + digest(tar) + '"');
            layers.add(descriptor("layer.v1.tar+gzip", gzip(tar)));
        }
        byte[] config = ("{\"architecture\":\"amd64\",\"os\":\"linux\",\"config\":{},\"rootfs\":{\"type\":\"layers\","
                        + "\"diff_ids\":[" + String.join(",", diffIds) + "]}}")
                .getBytes(StandardCharsets.UTF_8);
        manifest = ("{\"schemaVersion\":2,\"mediaType\":\"" + OCI + "manifest.v1+json\",\"config\":"
                        + descriptor("config.v1+json", config) + ",\"layers\":[" + String.join(",", layers) + "]}")
                .getBytes(StandardCharsets.UTF_8);
    }

    public static void main(String[] args) throws Exception {
        TrainingRegistry registry = new TrainingRegistry();
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getByName("127.0.0.1"), 0), 0);
        server.createContext("/", exchange -> {
            try (exchange) {
                registry.answer(exchange);
            }
        });
        // Connections are kept: a thread each.
        server.setExecutor(task -> Thread.ofVirtual().start(task));
        server.start();
        System.out.println(server.getAddress().getPort());
        while (System.in.read() >= 0) {
            // until the end
        }
        server.stop(0);
    }

    private void answer(HttpExchange exchange) throws IOException {
        exchange.getRequestBody().readAllBytes();
        String path = exchange.getRequestURI().getPath();
        String last = path.substring(path.lastIndexOf('/') + 1);
        byte[] body = path.contains("/manifests/") ? manifest : blobs.get(last);
        if (path.equals("/v2/")) {
            body = new byte[0];
        }
        if (body == null) {
            exchange.sendResponseHeaders(404, -1);
            return;
        }
        var headers = exchange.getResponseHeaders();
        headers.set("Content-Type", body == manifest ? OCI + "manifest.v1+json" : "application/octet-stream");
        headers.set("Docker-Content-Digest", digest(body));
        int from = 0;
        int to = body.length;
        int status = 200;
        String range = exchange.getRequestHeaders().getFirst("Range");
        if (range != null && range.startsWith("bytes=")) {
            String[] ends = range.substring("bytes=".length()).split("-", 2);
            from = Integer.parseInt(ends[0]);
            to = ends[1].isEmpty() ? to : Math.min(to, Integer.parseInt(ends[1]) + 1);
            headers.set("Content-Range", "bytes " + from + "-" + (to - 1) + "/" + body.length);
            status = 206;
        }
        boolean head = exchange.getRequestMethod().equals("HEAD");
        if (head) {
            headers.set("Content-Length", Integer.toString(body.length));
        }
        exchange.sendResponseHeaders(status, head ? -1 : to - from);
        if (!head) {
            exchange.getResponseBody().write(body, from, to - from);
        }
    }

    private static byte[] base() throws IOException {
        Random random = new Random(1);
        ByteArrayOutputStream tar = new ByteArrayOutputStream();
        byte[] large = new byte[LARGE_BYTES];
        random.nextBytes(large);
        entry(tar, "bin/", '5', 0755, "", new byte[0]);
        entry(tar, "bin/large", '0', 0755, "", large);
        for (int i = 0; i < FILES; i++) {
            if (i % 30 == 0) {
                entry(tar, "share/" + i / 30 + "/", '5', 0755, "", new byte[0]);
            }
            byte[] text = new byte[random.nextInt(20_000)];
            Arrays.fill(text, (byte) ('a' + i % 26));
            entry(tar, "share/" + i / 30 + "/file" + i, '0', i % 7 == 0 ? 04755 : 0644, "", text);
        }
        entry(tar, "bin/soft", '2', 0777, "large", new byte[0]);
        entry(tar, "bin/hard", '1', 0755, "bin/large", new byte[0]);
        tar.write(new byte[1024]);
        return tar.toByteArray();
    }

    private static byte[] change() throws IOException {
        ByteArrayOutputStream tar = new ByteArrayOutputStream();
        byte[] pax = "30 mtime=1700000000.123456789\n".getBytes(StandardCharsets.US_ASCII);
        entry(tar, "PaxHeaders/x", 'x', 0644, "", pax);
        entry(tar, "share/new/file", '0', 0644, "", "new\n".getBytes(StandardCharsets.US_ASCII));
        entry(tar, "share/0/.wh.file1", '0', 0644, "", new byte[0]);
        entry(tar, "share/1/.wh..wh..opq", '0', 0644, "", new byte[0]);
        tar.write(new byte[1024]);
        return tar.toByteArray();
    }

    private static void entry(ByteArrayOutputStream tar, String name, char type, int mode, String link, byte[] data)
            throws IOException {
        byte[] header = new byte[512];
        put(header, 0, name);
        put(header, 100, String.format("%07o", mode));
        put(header, 108, "0000000");
        put(header, 116, "0000000");
        put(header, 124, String.format("%011o", data.length));
        put(header, 136, String.format("%011o", 1_700_000_000));
        put(header, 148, "        ");
        put(header, 156, String.valueOf(type));
        put(header, 157, link);
        put(header, 257, "ustar\00000");
        int sum = 0;
        for (byte b : header) {
            sum += b & 0xFF;
        }
        put(header, 148, String.format("%06o\0 ", sum));
        tar.write(header);
        tar.write(data);
        tar.write(new byte[-data.length & 511]);
    }

    private static void put(byte[] header, int at, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
        System.arraycopy(bytes, 0, header, at, bytes.length);
    }

    private static byte[] gzip(byte[] data) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
            gzip.write(data);
        }
        return out.toByteArray();
    }

    private String descriptor(String type, byte[] blob) {
        String digest = digest(blob);
        blobs.put(digest, blob);
        return "{\"mediaType\":\"" + OCI + type + "\",\"digest\":\"" + digest + "\",\"size\":" + blob.length + "}";
    }

    private static String digest(byte[] data) {
        try {
            return "sha256:" + HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(data));
        } catch (java.security.NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
