package io.slipway.daemon.cli;

/// How a layer is packed, in the words of the command line.
enum LayerForm {
    gzip("+gzip"),
    zstd("+zstd"),
    none("");

    static final String PLAIN = "application/vnd.oci.image.layer.v1.tar";

    private final String suffix;

    LayerForm(String suffix) {
        this.suffix = suffix;
    }

    String mediaType() {
        return PLAIN + suffix;
    }
}
