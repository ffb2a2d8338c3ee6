package io.slipway.snapshotter.tar;

import java.nio.charset.StandardCharsets;

/// One extended attribute; the arrays are its own, don't write to them.
public final class Xattr {
    private final byte[] name;
    private final byte[] value;

    /// Takes both arrays over.
    public Xattr(byte[] name, byte[] value) {
        this.name = name;
        this.value = value;
    }

    public byte[] name() {
        return name;
    }

    public byte[] value() {
        return value;
    }

    /// The name, each byte one character.
    public String latin1Name() {
        return new String(name, StandardCharsets.ISO_8859_1);
    }
}
