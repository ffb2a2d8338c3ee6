package io.slipway.cas.file;

import io.slipway.cas.Algorithm;
import io.slipway.cas.Digest;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/// Where things are below `content/` (drawn in the package documentation of [io.slipway.cas]).
public record ContentLayout(Path content) {

    static final String PART = ".part";
    static final String RANGES = ".ranges";
    static final String NEW = ".new";
    static final String REF = "ref-";

    public Path ociLayout() {
        return content.resolve("oci-layout");
    }

    public Path index() {
        return content.resolve("index.json");
    }

    public Path blobs() {
        return content.resolve("blobs");
    }

    public Path blobs(Algorithm algorithm) {
        return blobs().resolve(algorithm.id());
    }

    public Path blob(Digest digest) {
        return blobs(digest.algorithm()).resolve(digest.hex());
    }

    public Path ingests() {
        return content.resolve("ingest");
    }

    public Path quarantine() {
        return content.resolve("quarantine");
    }

    Path part(ArrivalKey key) {
        return ingests().resolve(key.fileName() + PART);
    }

    Path ranges(ArrivalKey key) {
        return ingests().resolve(key.fileName() + RANGES);
    }

    /// The bytes of an ingest by ref; the ref itself may be anything, so its hash names the file.
    public Path refPart(String namespace, String ref) {
        try {
            var hash = MessageDigest.getInstance("SHA-256");
            hash.update(namespace.getBytes(StandardCharsets.UTF_8));
            hash.update((byte) 0);
            hash.update(ref.getBytes(StandardCharsets.UTF_8));
            return ingests().resolve(REF + HexFormat.of().formatHex(hash.digest()) + PART);
        } catch (NoSuchAlgorithmException impossible) {
            throw new IllegalStateException("every JDK has SHA-256", impossible);
        }
    }
}
