package io.slipway.daemon.cli;

import java.security.SecureRandom;
import java.util.HexFormat;

/// Random names.
final class Ids {
    private static final SecureRandom RANDOM = new SecureRandom();

    private Ids() {}

    /// A container id: short enough to type, and with 48 random bits unlikely to be taken (then creating it fails).
    static String container() {
        return hex(6);
    }

    /// A name for a stream or lease of this run.
    static String unique(String purpose) {
        return purpose + "-" + hex(12);
    }

    private static String hex(int bytes) {
        byte[] random = new byte[bytes];
        RANDOM.nextBytes(random);
        return HexFormat.of().formatHex(random);
    }
}
