package io.slipway.linux;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;

/// Proves that the loaded ISA-L keeps its state where we look for it, before it touches anybody's bytes.
final class IsalProof {
    /// Deflate data with trailer for [#TEXT] (a member without its 10 bytes of header).
    private static final byte[] BODY = HexFormat.of()
            .parseHex("2bcec92c284fac5428c64e5b29242a24e5e427672b9467966428e426962467a4162b24e6a528e464"
                    + "96a41625e6142b18181a199b989a995b58720100f6aab2644e000000");

    private static final String TEXT =
            "slipway slipway slipway slipway: a block with matches and literals 0123456789\n";

    private final IsalInflaters isal;

    IsalProof(IsalInflaters isal) {
        this.isal = isal;
    }

    boolean holds() {
        try (IsalInflaters.IsalEngine engine = isal.engine()) {
            for (int cut = 0; cut <= BODY.length; cut++) {
                if (!inflatesCutAt(engine, cut)) {
                    return false;
                }
                engine.reset();
            }
            return noticesDamage(engine) && engine.guardIsWhole();
        } catch (GzipFormatException | IllegalStateException e) {
            return false;
        }
    }

    private static boolean inflatesCutAt(GzipMember.Engine engine, int cut) throws GzipFormatException {
        ByteBuffer in = direct(BODY);
        ByteBuffer out = ByteBuffer.allocateDirect(TEXT.length() + 1);
        in.limit(cut);
        boolean early = engine.run(in, out);
        in.limit(BODY.length);
        boolean whole = early || engine.run(in, out);
        byte[] text = new byte[out.flip().remaining()];
        out.get(text);
        // A whole member must be noticed at its last byte, not before.
        return whole
                && early == (cut == BODY.length)
                && !in.hasRemaining()
                && TEXT.equals(new String(text, StandardCharsets.US_ASCII));
    }

    /// The CRC and the length are the last 8 bytes; both must count.
    private static boolean noticesDamage(GzipMember.Engine engine) {
        for (int i = 1; i <= 8; i++) {
            byte[] damaged = BODY.clone();
            damaged[BODY.length - i] ^= 1;
            try {
                engine.run(direct(damaged), ByteBuffer.allocateDirect(TEXT.length() + 1));
                return false;
            } catch (GzipFormatException asItShould) {
                engine.reset();
            }
        }
        return true;
    }

    private static ByteBuffer direct(byte[] bytes) {
        return ByteBuffer.allocateDirect(bytes.length).put(bytes).flip();
    }
}
