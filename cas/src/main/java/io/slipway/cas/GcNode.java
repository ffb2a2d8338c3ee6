package io.slipway.cas;

/// An object that collection looks at.
///
/// @param type `content`, `image`, `lease`, `ingest`, `container`, `snapshots/<snapshotter>`
/// @param key digest, name, id, ref, snapshot key
public record GcNode(String namespace, String type, String key) {

    public static final String CONTENT = "content";
    public static final String IMAGE = "image";
    public static final String LEASE = "lease";
    public static final String INGEST = "ingest";
    public static final String CONTAINER = "container";

    public static GcNode content(String namespace, String digest) {
        return new GcNode(namespace, CONTENT, digest);
    }

    public static GcNode snapshot(String namespace, String snapshotter, String key) {
        return new GcNode(namespace, snapshotType(snapshotter), key);
    }

    public static String snapshotType(String snapshotter) {
        return "snapshots/" + snapshotter;
    }
}
