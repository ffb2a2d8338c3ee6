package io.slipway.snapshotter.diff;

import io.slipway.cas.ApiException;

/// The kinds of layers that can be made, by media type (OCI image specification, layer.md).
enum LayerType {
    PLAIN("application/vnd.oci.image.layer.v1.tar"),
    GZIP("application/vnd.oci.image.layer.v1.tar+gzip"),
    ZSTD("application/vnd.oci.image.layer.v1.tar+zstd");

    private final String mediaType;

    LayerType(String mediaType) {
        this.mediaType = mediaType;
    }

    String mediaType() {
        return mediaType;
    }

    /// Empty means gzip, as in containerd.
    static LayerType of(String mediaType) {
        if (mediaType.isEmpty()) {
            return GZIP;
        }
        for (LayerType type : values()) {
            if (type.mediaType.equals(mediaType)) {
                return type;
            }
        }
        throw ApiException.unimplemented("unsupported diff media type: " + mediaType);
    }
}
