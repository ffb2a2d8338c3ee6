package io.slipway.snapshotter.layer;

import io.slipway.linux.Dir;
import io.slipway.linux.FileHandle;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.OptionalInt;

/// The file that stands in a layer for a hard link whose target only the [LinkStep] can find: entries that come later
/// replace it, link to it, or fail to go through it, as they would the link. No archive can make one, since attributes
/// of this kind ([OverlayForm#isOwnXattr]) are left out of layers.
final class WaitingLink {
    private static final String SOURCE = "slipway.link";

    private WaitingLink() {}

    /// Makes one for the link with that number.
    static void make(Dir dir, OverlayForm form, byte[] name, int source) throws IOException {
        try (FileHandle file = dir.createFile(name, 0)) {
            file.setXattr(form.ownXattr(SOURCE), Integer.toString(source).getBytes(StandardCharsets.US_ASCII));
        }
    }

    /// The number, when the name stands for a link.
    static OptionalInt source(Dir dir, OverlayForm form, byte[] name) throws IOException {
        Optional<byte[]> value = dir.xattr(name, form.ownXattr(SOURCE));
        return value.isEmpty()
                ? OptionalInt.empty()
                : OptionalInt.of(Integer.parseInt(new String(value.get(), StandardCharsets.US_ASCII)));
    }
}
