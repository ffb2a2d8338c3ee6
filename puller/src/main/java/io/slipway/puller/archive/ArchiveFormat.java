package io.slipway.puller.archive;

import java.util.Optional;

/// How images are laid out in an archive that is written.
public enum ArchiveFormat {
    /// An OCI image layout, with a `manifest.json` beside it so that `docker load` reads it, too.
    OCI("application/vnd.oci.image.layout.v1+tar"),
    /// What `docker save` wrote before it knew the OCI layout: one platform of each image, no index.
    DOCKER("application/vnd.docker.image.archive.v1+tar");

    private final String mediaType;

    ArchiveFormat(String mediaType) {
        this.mediaType = mediaType;
    }

    /// Names the format in a request.
    public String mediaType() {
        return mediaType;
    }

    /// The format of that name; an empty one is OCI, as containerd writes it.
    public static Optional<ArchiveFormat> of(String mediaType) {
        if (mediaType.isEmpty()) {
            return Optional.of(OCI);
        }
        for (ArchiveFormat format : values()) {
            if (format.mediaType.equals(mediaType)) {
                return Optional.of(format);
            }
        }
        return Optional.empty();
    }
}
