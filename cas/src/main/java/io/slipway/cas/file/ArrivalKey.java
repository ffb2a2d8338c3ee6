package io.slipway.cas.file;

import io.slipway.cas.Algorithm;
import io.slipway.cas.Digest;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Optional;

/// What one fetch is about: a blob, and who is answerable for its bytes until they are verified.
record ArrivalKey(Digest digest, String origin) {

    /// Bytes of the origin's hash that file names carry: enough that nobody finds two origins with the
    /// same.
    private static final int ORIGIN_BYTES = 16;

    /// Names the files of the ingest: `sha256-<hex>-<hash of the origin>`. The origin may be anything a
    /// user wrote, so its hash stands for it.
    String fileName() {
        try {
            var hash = MessageDigest.getInstance("SHA-256").digest(origin.getBytes(StandardCharsets.UTF_8));
            return digest.algorithm().id() + "-" + digest.hex() + "-"
                    + HexFormat.of().formatHex(Arrays.copyOf(hash, ORIGIN_BYTES));
        } catch (NoSuchAlgorithmException impossible) {
            throw new IllegalStateException("every JDK has SHA-256", impossible);
        }
    }

    /// The digest in such a name; empty when it is none.
    static Optional<Digest> digest(String fileName) {
        var words = fileName.split("-", -1);
        if (words.length != 3 || words[2].length() != 2 * ORIGIN_BYTES) {
            return Optional.empty();
        }
        try {
            return Optional.of(new Digest(Algorithm.parse(words[0]), words[1]));
        } catch (IllegalArgumentException notOurs) {
            return Optional.empty();
        }
    }
}
