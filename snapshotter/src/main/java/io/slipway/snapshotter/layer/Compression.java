package io.slipway.snapshotter.layer;

import java.nio.ByteBuffer;
import java.util.Optional;

/// What a layer's media type says of its compression, and what its first bytes say.
enum Compression {
    /// Nothing is looked for.
    NONE,
    /// gzip, zstd or nothing, as the first bytes say. Docker's plain type has always been allowed to be
    /// compressed, and containerd looks at the bytes of all types that are.
    SNIFFED;

    private static final String OCI = "application/vnd.oci.image.layer.v1.tar";
    private static final String OCI_FOREIGN = "application/vnd.oci.image.layer.nondistributable.v1.tar";
    private static final String DOCKER = "application/vnd.docker.image.rootfs.diff.tar";
    private static final String DOCKER_FOREIGN = "application/vnd.docker.image.rootfs.foreign.diff.tar";

    /// Whether a layer of that media type can be read.
    static boolean isKnown(String mediaType) {
        return find(mediaType).isPresent();
    }

    /// How a layer of that media type is read.
    ///
    /// @throws IllegalArgumentException for one that can't be
    static Compression of(String mediaType) {
        return find(mediaType).orElseThrow(() -> new IllegalArgumentException(mediaType));
    }

    private static Optional<Compression> find(String mediaType) {
        return switch (mediaType) {
            case OCI, OCI_FOREIGN -> Optional.of(NONE);
            case OCI + "+gzip",
                    OCI + "+zstd",
                    OCI_FOREIGN + "+gzip",
                    OCI_FOREIGN + "+zstd",
                    DOCKER,
                    DOCKER + ".gzip",
                    DOCKER + ".zstd",
                    DOCKER_FOREIGN,
                    DOCKER_FOREIGN + ".gzip",
                    DOCKER_FOREIGN + ".zstd" -> Optional.of(SNIFFED);
            default -> Optional.empty();
        };
    }

    /// RFC 1952, 2.3.1: the two magic bytes and the one method there is.
    static boolean gzip(ByteBuffer head) {
        return head.remaining() >= 3 && at(head, 0) == 0x1F && at(head, 1) == 0x8B && at(head, 2) == 8;
    }

    /// RFC 8878, 3.1: a frame, or a skippable frame, which may stand first.
    static boolean zstd(ByteBuffer head) {
        if (head.remaining() < 4) {
            return false;
        }
        boolean frame = at(head, 0) == 0x28 && at(head, 1) == 0xB5 && at(head, 2) == 0x2F && at(head, 3) == 0xFD;
        boolean skippable =
                (at(head, 0) & 0xF0) == 0x50 && at(head, 1) == 0x2A && at(head, 2) == 0x4D && at(head, 3) == 0x18;
        return frame || skippable;
    }

    private static int at(ByteBuffer head, int index) {
        return head.get(head.position() + index) & 0xFF;
    }
}
