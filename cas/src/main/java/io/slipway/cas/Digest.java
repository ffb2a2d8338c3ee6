package io.slipway.cas;

import java.util.HexFormat;

/// The name of a blob: algorithm and lower case hex of exactly that algorithm's length. Text form `sha256:<64
/// hex>`.
public record Digest(Algorithm algorithm, String hex) implements Comparable<Digest> {

    public Digest {
        if (hex.length() != algorithm.hexLength()) {
            throw new IllegalArgumentException("invalid checksum digest length: " + algorithm.id() + " takes "
                    + algorithm.hexLength() + " hex characters, not " + hex.length());
        }
        for (int i = 0; i < hex.length(); i++) {
            char c = hex.charAt(i);
            if ((c < '0' || c > '9') && (c < 'a' || c > 'f')) {
                throw new IllegalArgumentException("invalid checksum digest format: not lower case hex at " + i);
            }
        }
    }

    /// Reads `algorithm:hex`; IllegalArgumentException when it is anything else.
    public static Digest parse(String text) {
        int colon = text.indexOf(':');
        if (colon <= 0) {
            throw new IllegalArgumentException("invalid checksum digest format");
        }
        return new Digest(Algorithm.parse(text.substring(0, colon)), text.substring(colon + 1));
    }

    /// The digest whose raw bytes a hasher gave.
    public static Digest of(Algorithm algorithm, byte[] raw) {
        return new Digest(algorithm, HexFormat.of().formatHex(raw));
    }

    @Override
    public int compareTo(Digest other) {
        return toString().compareTo(other.toString());
    }

    @Override
    public String toString() {
        return algorithm.id() + ":" + hex;
    }
}
