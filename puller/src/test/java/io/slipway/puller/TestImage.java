package io.slipway.puller;

import io.slipway.cas.Algorithm;
import io.slipway.cas.Digest;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/// A small image made of random layers that count as plain archives.
@SuppressWarnings("ArrayRecordComponent") // compared by nobody
record TestImage(byte[] manifest, byte[] config, List<byte[]> layers) {
    static final String MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json";
    static final String INDEX_TYPE = "application/vnd.oci.image.index.v1+json";

    static TestImage of(long seed, int... layerSizes) {
        Random random = new Random(seed);
        List<byte[]> layers = new ArrayList<>();
        List<String> ids = new ArrayList<>();
        List<String> descriptors = new ArrayList<>();
        for (int size : layerSizes) {
            byte[] layer = new byte[size];
            random.nextBytes(layer);
            layers.add(layer);
            ids.add('"' + digest(layer).toString() + '"');
            descriptors.add(descriptor("application/vnd.oci.image.layer.v1.tar", layer));
        }
        byte[] config = ("{\"architecture\":\"" + Platform.host().architecture()
                        + "\",\"os\":\"linux\",\"seed\":" + seed + ",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":["
                        + String.join(",", ids) + "]}}")
                .getBytes(StandardCharsets.UTF_8);
        byte[] manifest = ("{\"schemaVersion\":2,\"mediaType\":\"" + MANIFEST_TYPE + "\",\"config\":"
                        + descriptor("application/vnd.oci.image.config.v1+json", config) + ",\"layers\":["
                        + String.join(",", descriptors) + "]}")
                .getBytes(StandardCharsets.UTF_8);
        return new TestImage(manifest, config, layers);
    }

    static String descriptor(String type, byte[] bytes) {
        return "{\"mediaType\":\"" + type + "\",\"digest\":\"" + digest(bytes) + "\",\"size\":" + bytes.length + "}";
    }

    static Digest digest(byte[] bytes) {
        try {
            return Digest.of(
                    Algorithm.SHA256, MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    Digest id() {
        return digest(manifest);
    }

    Digest layer(int i) {
        return digest(layers.get(i));
    }
}
