package io.slipway.daemon.lab;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// Pushes an image with the requests of the OCI distribution specification, whatever its media types are.
final class PlainPush {
    private final String host;
    private final String repository;

    PlainPush(String host, String repository) {
        this.host = host;
        this.repository = repository;
    }

    void push(LabImage image, LabImage.Format format) throws IOException, InterruptedException {
        try (HttpClient client = HttpClient.newHttpClient();
                var files = Files.list(image.directory())) {
            List<Path> blobs = files.filter(
                            file -> file.getFileName().toString().matches("[0-9a-f]{64}"))
                    .toList();
            for (Path blob : blobs) {
                pushBlob(client, blob);
            }
            URI manifest = URI.create("http://" + host + "/v2/" + repository + "/manifests/" + image.tag());
            expect(
                    201,
                    client,
                    HttpRequest.newBuilder(manifest)
                            .header("Content-Type", format.manifestType())
                            .PUT(BodyPublishers.ofFile(image.directory().resolve("manifest.json")))
                            .build());
        }
    }

    private void pushBlob(HttpClient client, Path blob) throws IOException, InterruptedException {
        URI uploads = URI.create("http://" + host + "/v2/" + repository + "/blobs/uploads/");
        HttpResponse<String> session = expect(
                202,
                client,
                HttpRequest.newBuilder(uploads).POST(BodyPublishers.noBody()).build());
        String location = session.headers().firstValue("Location").orElseThrow();
        String put = location + (location.contains("?") ? "&" : "?") + "digest=sha256:" + blob.getFileName();
        expect(
                201,
                client,
                HttpRequest.newBuilder(uploads.resolve(put))
                        .header("Content-Type", "application/octet-stream")
                        .PUT(BodyPublishers.ofFile(blob))
                        .build());
    }

    private static HttpResponse<String> expect(int status, HttpClient client, HttpRequest request)
            throws IOException, InterruptedException {
        HttpResponse<String> response = client.send(request, HttpResponse.BodyHandlers.ofString());
        if (response.statusCode() != status) {
            throw new IOException(
                    request.method() + " " + request.uri() + ": " + response.statusCode() + " " + response.body());
        }
        return response;
    }
}
