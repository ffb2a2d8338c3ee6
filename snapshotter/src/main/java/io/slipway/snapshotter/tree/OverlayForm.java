package io.slipway.snapshotter.tree;

import io.slipway.linux.Attributes;
import io.slipway.linux.DeviceNumber;
import io.slipway.linux.FileType;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/// How an applied layer says what it removes (Documentation/filesystems/overlayfs.rst of the kernel).
final class OverlayForm {
    private static final byte[] PREFIX = ascii("trusted.overlay.");

    private OverlayForm() {}

    static boolean isWhiteout(Attributes attributes) {
        return attributes.type() == FileType.CHARACTER_DEVICE
                && attributes.rdev().equals(DeviceNumber.ZERO);
    }

    static boolean isOwnXattr(byte[] name) {
        return name.length >= PREFIX.length && Arrays.equals(name, 0, PREFIX.length, PREFIX, 0, PREFIX.length);
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }
}
