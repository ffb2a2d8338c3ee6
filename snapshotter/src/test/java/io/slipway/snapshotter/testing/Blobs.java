package io.slipway.snapshotter.testing;

import com.github.luben.zstd.Zstd;
import io.slipway.cas.Descriptor;
import io.slipway.snapshotter.UnpackLayer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.zip.GZIPOutputStream;

/// Compressed layers.
public final class Blobs {
    public static final String GZIP = "application/vnd.oci.image.layer.v1.tar+gzip";
    public static final String ZSTD = "application/vnd.oci.image.layer.v1.tar+zstd";
    public static final String PLAIN = "application/vnd.oci.image.layer.v1.tar";
    public static final String DOCKER = "application/vnd.docker.image.rootfs.diff.tar";

    private Blobs() {}

    public static byte[] gzip(byte[] bytes) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
            gzip.write(bytes);
        }
        return out.toByteArray();
    }

    public static byte[] zstd(byte[] bytes) {
        return Zstd.compress(bytes);
    }

    /// A layer whose diff id is that of `tar`.
    public static UnpackLayer layer(String mediaType, byte[] tar, BytesArrival arrival, long blobSize) {
        return new UnpackLayer(
                new Descriptor(mediaType, arrival.digest(), blobSize), BytesArrival.digestOf(tar), arrival);
    }

    /// A gzip layer that is all there.
    public static UnpackLayer whole(byte[] tar) throws IOException {
        byte[] blob = gzip(tar);
        return layer(GZIP, tar, BytesArrival.whole(blob), blob.length);
    }
}
