package io.slipway.linux;

import static io.slipway.linux.Bytes.b;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What both ways to a child's extended attributes do.
abstract class ChildXattrsContract {
    @TempDir
    Path temp = Path.of("/");

    abstract ChildXattrs way();

    @Test
    void setsGetsListsAndRemoves() throws IOException {
        try (Dir dir = Dir.openRoot(temp)) {
            dir.createFile(b("f"), 0600).close();
            byte[] value = b("\0\u0080\u00ff");
            assertThat(way().list(dir, b("f"))).extracting(Bytes::text).noneMatch(name -> name.startsWith("user."));
            way().set(dir, b("f"), b("user.\u00ff"), value);
            way().set(dir, b("f"), b("user.\u00ff"), b("again"));
            way().set(dir, b("f"), b("user.empty"), b(""));
            assertThat(way().get(dir, b("f"), b("user.\u00ff")).orElseThrow()).isEqualTo(b("again"));
            assertThat(way().get(dir, b("f"), b("user.empty")).orElseThrow()).isEmpty();
            assertThat(way().get(dir, b("f"), b("user.none"))).isEmpty();
            assertThat(way().list(dir, b("f"))).extracting(Bytes::text).contains("user.\u00ff", "user.empty");
            way().remove(dir, b("f"), b("user.\u00ff"));
            way().remove(dir, b("f"), b("user.\u00ff"));
            assertThat(way().get(dir, b("f"), b("user.\u00ff"))).isEmpty();
            way().set(dir, b("."), b("user.self"), b("v"));
            assertThat(way().get(dir, b("."), b("user.self")).orElseThrow()).isEqualTo(b("v"));
        }
    }

    @Test
    void saysWhatIsWrong() throws IOException {
        try (Dir dir = Dir.openRoot(temp)) {
            dir.createFile(b("f"), 0600).close();
            dir.symlink(b("f"), b("l"));
            DirTest.assertFails(Errno.EPERM, () -> way().set(dir, b("l"), b("user.a"), b("v")));
            DirTest.assertFails(Errno.ENOENT, () -> way().set(dir, b("none"), b("user.a"), b("v")));
            DirTest.assertFails(Errno.ENOENT, () -> way().get(dir, b("none"), b("user.a")));
            DirTest.assertFails(Errno.ENOENT, () -> way().list(dir, b("none")));
            DirTest.assertFails(Errno.EOPNOTSUPP, () -> way().set(dir, b("f"), b("nonsense.a"), b("v")));
            DirTest.assertFails(Errno.EINVAL, () -> way().set(dir, b("f"), b("user.a\0b"), b("v")));
            assertThat(way().list(dir, b("l"))).isEmpty();
        }
    }

    @Test
    @Tag("root")
    void reachesTheLinkItselfAndNotItsTarget() throws IOException {
        try (Dir dir = Dir.openRoot(temp)) {
            dir.createFile(b("f"), 0600).close();
            dir.symlink(b("f"), b("l"));
            way().set(dir, b("l"), b("trusted.a"), b("v"));
            assertThat(way().get(dir, b("l"), b("trusted.a")).orElseThrow()).isEqualTo(b("v"));
            assertThat(way().list(dir, b("l"))).extracting(Bytes::text).containsExactly("trusted.a");
            assertThat(way().list(dir, b("f"))).isEmpty();
            dir.mknod(b("dev"), FileType.CHARACTER_DEVICE, 0600, new DeviceNumber(1, 3));
            way().set(dir, b("dev"), b("trusted.b"), b("w"));
            assertThat(way().get(dir, b("dev"), b("trusted.b")).orElseThrow()).isEqualTo(b("w"));
        }
    }
}
