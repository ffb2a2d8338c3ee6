package io.slipway.snapshotter.layer;

import io.slipway.linux.Attributes;
import io.slipway.linux.DeviceNumber;
import io.slipway.linux.Dir;
import io.slipway.linux.FileType;
import io.slipway.linux.Os;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/// How an applied layer says what it removes (Documentation/filesystems/overlayfs.rst of the kernel). Whiteouts are
/// character devices 0:0, which anybody may make; the attributes of directories depend on who may set them.
public enum OverlayForm {
    /// `trusted.overlay.*`, for the machine's own root.
    TRUSTED("trusted.overlay."),
    /// `user.overlay.*`, read by mounts with `userxattr`: inside a user namespace nobody may set the others.
    USER("user.overlay.");

    private static final byte[] YES = {'y'};

    private final String prefix;
    private final String opaque;
    private final String origin;

    OverlayForm(String prefix) {
        this.prefix = prefix;
        this.opaque = prefix + "opaque";
        this.origin = prefix + "origin";
    }

    /// What this process can write.
    public static OverlayForm ofProcess() throws IOException {
        return Os.isInUserNamespace() ? USER : TRUSTED;
    }

    public static boolean isWhiteout(Attributes attributes) {
        return attributes.type() == FileType.CHARACTER_DEVICE
                && attributes.rdev().equals(DeviceNumber.ZERO);
    }

    /// Whether a directory hides everything of its name below.
    public boolean isOpaque(Dir parent, byte[] name) throws IOException {
        return parent.xattr(name, ascii(opaque))
                .filter(value -> Arrays.equals(value, YES))
                .isPresent();
    }

    /// Lets a directory hide everything of its name below.
    void makeOpaque(Dir parent, byte[] name) throws IOException {
        parent.setXattr(name, ascii(opaque), YES);
    }

    /// A whiteout in a directory that merges with nothing shows in listings, unless the directory has an origin; an
    /// empty one says "unknown" and is enough.
    void hideWhiteouts(Dir directory) throws IOException {
        directory.setXattr(OpenDir.SELF, ascii(origin), new byte[0]);
    }

    /// The name of an attribute that no image can bring.
    byte[] ownXattr(String name) {
        return ascii(prefix + name);
    }

    /// Whether an attribute steers the overlay and is none of the image's.
    public boolean isOwnXattr(byte[] name) {
        return new String(name, StandardCharsets.ISO_8859_1).startsWith(prefix);
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }
}
