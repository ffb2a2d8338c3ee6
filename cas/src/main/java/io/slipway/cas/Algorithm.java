package io.slipway.cas;

/// Digest algorithms a blob may be named by (OCI image-spec, descriptor.md "Registered algorithms";
/// containerd adds sha384).
public enum Algorithm {
    SHA256("sha256", 64),
    SHA384("sha384", 96),
    SHA512("sha512", 128);

    private final String id;
    private final int hexLength;

    Algorithm(String id, int hexLength) {
        this.id = id;
        this.hexLength = hexLength;
    }

    /// The name in front of the colon, also the directory below `blobs/` and the name that a hasher is opened
    /// by.
    public String id() {
        return id;
    }

    /// Characters of a lower case hex digest.
    public int hexLength() {
        return hexLength;
    }

    /// The algorithm called `id`; IllegalArgumentException for any other name, upper case included.
    public static Algorithm parse(String id) {
        for (var algorithm : values()) {
            if (algorithm.id.equals(id)) {
                return algorithm;
            }
        }
        throw new IllegalArgumentException("unsupported digest algorithm \"" + id + "\"");
    }
}
