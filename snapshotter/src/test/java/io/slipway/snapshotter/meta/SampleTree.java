package io.slipway.snapshotter.meta;

import io.slipway.linux.Attributes;
import io.slipway.linux.DeviceNumber;
import io.slipway.linux.Dir;
import io.slipway.linux.FileHandle;
import io.slipway.linux.FileType;
import io.slipway.linux.Timestamp;
import io.slipway.snapshotter.testing.Trees;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;

/// One of everything that a copy can get wrong.
final class SampleTree {
    private SampleTree() {}

    /// Makes it and says what it looks like.
    static Map<String, String> in(Path top) throws IOException {
        try (Dir dir = Dir.openRoot(top)) {
            dir.mkdir(name("d"), 0700);
            try (Dir d = dir.openChild(name("d"))) {
                file(d, "plain", "text");
                dir.link(d, name("plain"), name("second name"));
                d.link(d, name("plain"), name("third"));
                file(d, "suid", "s");
                d.chown(name("suid"), 7, 8);
                d.setXattr(name("suid"), name("user.note"), name("n"));
                d.chmod(name("suid"), 04755);
                d.symlink(name("../nowhere"), name("link"));
                d.chown(name("link"), 9, 9);
                d.mknod(name("null"), FileType.CHARACTER_DEVICE, 0600, new DeviceNumber(1, 3));
                d.mknod(name("whiteout"), FileType.CHARACTER_DEVICE, 0, DeviceNumber.ZERO);
                d.mkfifo(name("pipe"), 0620);
                d.mknod(name("socket"), FileType.SOCKET, 0600, DeviceNumber.ZERO);
                d.setXattr(name("."), name("trusted.overlay.opaque"), name("y"));
                d.mkdir(new byte[] {'b', (byte) 0xff, '\n'}, 0755);
            }
            try (FileHandle sparse = dir.createFile(name("sparse"), 0644)) {
                sparse.write(ByteBuffer.wrap(name("x")), 1 << 20);
                sparse.truncate(64L << 20);
            }
            dir.chmod(name("d"), 02775);
            dir.chown(name("d"), 5, 6);
            dir.chmod(name("d"), 02775);
            Attributes now = dir.stat(name("d"));
            dir.utimens(name("d"), now.accessed(), new Timestamp(1_500_000_000L, 7));
        }
        return Trees.of(top);
    }

    private static void file(Dir in, String name, String content) throws IOException {
        try (FileHandle file = in.createFile(name(name), 0644)) {
            file.write(ByteBuffer.wrap(name(content)), 0);
        }
    }

    private static byte[] name(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
