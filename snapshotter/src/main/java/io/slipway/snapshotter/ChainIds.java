package io.slipway.snapshotter;

import io.slipway.cas.Digest;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/// Chain ids of the OCI image specification: `C1 = D1`, `Cn = sha256(Cn-1 + " " + Dn)` over the texts of the
/// diff ids.
public final class ChainIds {
    private ChainIds() {}

    /// One id for each diff id, bottom first.
    public static List<String> of(List<Digest> diffIds) {
        List<String> ids = new ArrayList<>(diffIds.size());
        for (Digest diffId : diffIds) {
            ids.add(ids.isEmpty() ? diffId.toString() : next(ids.getLast(), diffId));
        }
        return List.copyOf(ids);
    }

    private static String next(String below, Digest diffId) {
        try {
            MessageDigest sha256 = MessageDigest.getInstance("SHA-256");
            byte[] text = (below + " " + diffId).getBytes(StandardCharsets.US_ASCII);
            return "sha256:" + HexFormat.of().formatHex(sha256.digest(text));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
