package io.slipway.linux;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/// Byte strings for tests.
final class Bytes {
    private Bytes() {}

    /// Latin-1, so that `\u00ff` is one byte that is not UTF-8.
    static byte[] b(String latin1) {
        return latin1.getBytes(StandardCharsets.ISO_8859_1);
    }

    static String text(byte[] latin1) {
        return new String(latin1, StandardCharsets.ISO_8859_1);
    }

    static ByteBuffer direct(byte[] bytes) {
        return ByteBuffer.allocateDirect(bytes.length).put(bytes).flip();
    }
}
