package io.slipway.linux;

import static io.slipway.linux.Bytes.b;
import static io.slipway.linux.Bytes.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DirTest {
    @TempDir
    Path temp = Path.of("/");

    private Dir dir = unopened();

    private static Dir unopened() {
        return new Dir(-1, "none");
    }

    @BeforeEach
    void open() throws IOException {
        Files.createDirectory(temp.resolve("root"));
        dir = Dir.openRoot(temp.resolve("root"));
    }

    @AfterEach
    void close() {
        dir.close();
        dir.close();
    }

    @Test
    void keepsNamesThatAreNotUtf8() throws IOException {
        byte[] name = b("a\u00ff\n\u0001 b");
        dir.createFile(name, 0644).close();
        dir.mkdir(b("\u00fe"), 0755);
        dir.symlink(b("\u0080/x"), b("l\u0081"));
        assertThat(dir.list())
                .extracting(e -> text(e.name()))
                .containsExactly("a\u00ff\n\u0001 b", "l\u0081", "\u00fe");
        assertThat(dir.list())
                .extracting(Entry::type)
                .containsExactly(FileType.FILE, FileType.SYMLINK, FileType.DIRECTORY);
        assertThat(dir.readlink(b("l\u0081"))).isEqualTo(b("\u0080/x"));
        dir.unlink(name);
        assertThat(dir.find(name)).isEmpty();
    }

    @Test
    void refusesNamesThatAreNotOneName() {
        for (String name : List.of("", "..", "a/b", "/", "a\0b")) {
            for (ThrowingCallable call : List.<ThrowingCallable>of(
                    () -> dir.createFile(b(name), 0644).close(),
                    () -> dir.mkdir(b(name), 0755),
                    () -> dir.symlink(b("x"), b(name)),
                    () -> dir.link(dir, b("x"), b(name)),
                    () -> dir.link(dir, b(name), b("x")),
                    () -> dir.mkfifo(b(name), 0644),
                    () -> dir.unlink(b(name)),
                    () -> dir.rmdir(b(name)),
                    () -> dir.rename(b(name), dir, b("x")),
                    () -> dir.rename(b("x"), dir, b(name)),
                    () -> dir.stat(b(name)),
                    () -> dir.find(b(name)),
                    () -> dir.readlink(b(name)),
                    () -> dir.chown(b(name), 0, 0),
                    () -> dir.chmod(b(name), 0),
                    () -> dir.utimens(b(name), new Timestamp(0, 0), new Timestamp(0, 0)),
                    () -> dir.setXattr(b(name), b("user.a"), b("v")),
                    () -> dir.xattr(b(name), b("user.a")),
                    () -> dir.xattrs(b(name)),
                    () -> dir.removeXattr(b(name), b("user.a")),
                    () -> dir.removeTree(b(name)),
                    () -> dir.openChild(b(name)).close(),
                    () -> dir.openFile(b(name)).close())) {
                assertFails(Errno.EINVAL, call);
            }
        }
        assertFails(Errno.ENAMETOOLONG, () -> dir.mkdir(new byte[5000], 0755));
        byte[] long256 = new byte[256];
        Arrays.fill(long256, (byte) 'n');
        assertFails(Errno.ENAMETOOLONG, () -> dir.mkdir(long256, 0755));
    }

    @Test
    void walksPathsAsIfItWereTheRoot() throws IOException {
        Files.createDirectories(temp.resolve("root/a/b"));
        Files.createDirectory(temp.resolve("outside"));
        dir.symlink(b("/a"), b("absolute"));
        dir.symlink(b("../../../../outside"), b("up"));
        dir.symlink(temp.resolve("outside").toString().getBytes(java.nio.charset.StandardCharsets.UTF_8), b("out"));
        long inside = inode("root/a/b");
        for (String path : List.of("a/b", "/a/b", "absolute/b", "../../a/b", "a/../a/./b/", "absolute/../absolute/b")) {
            try (Dir found = dir.openDir(b(path))) {
                assertThat(found.stat(b(".")).inode()).as(path).isEqualTo(inside);
            }
        }
        assertFails(Errno.ENOENT, () -> dir.openDir(b("up")).close());
        assertFails(Errno.ENOENT, () -> dir.openDir(b("out")).close());
        for (String self : List.of("", ".", "/", "..", "../..")) {
            try (Dir found = dir.openDir(b(self))) {
                assertThat(found.stat(b(".")).inode()).as(self).isEqualTo(inode("root"));
            }
        }
        dir.createFile(b("file"), 0644).close();
        assertFails(Errno.ENOTDIR, () -> dir.openDir(b("file")).close());
        assertFails(Errno.EINVAL, () -> dir.openDir(b("a\0")).close());
        dir.symlink(b("loop"), b("loop"));
        assertFails(Errno.ELOOP, () -> dir.openDir(b("loop")).close());
    }

    @Test
    void neverFollowsAChild() throws IOException {
        Files.writeString(temp.resolve("victim"), "safe");
        Files.createDirectory(temp.resolve("victims"));
        dir.symlink(b("../victim"), b("link"));
        dir.symlink(b("../victims"), b("dirlink"));
        assertFails(Errno.EEXIST, () -> dir.createFile(b("link"), 0644).close());
        assertFails(Errno.EINVAL, () -> dir.openFile(b("link")).close());
        assertThatThrownBy(() -> dir.openChild(b("dirlink")).close()).isInstanceOf(LinuxException.class);
        assertThat(dir.stat(b("link")).type()).isEqualTo(FileType.SYMLINK);
        Timestamp then = new Timestamp(1, 2);
        dir.utimens(b("link"), then, then);
        assertThat(dir.stat(b("link")).modified()).isEqualTo(then);
        assertThat(Files.getLastModifiedTime(temp.resolve("victim")).toMillis()).isGreaterThan(2000);
        assertFails(Errno.EOPNOTSUPP, () -> dir.chmod(b("link"), 0777));
        dir.link(dir, b("link"), b("link2"));
        assertThat(dir.stat(b("link2")).inode()).isEqualTo(dir.stat(b("link")).inode());
        dir.removeTree(b("dirlink"));
        assertThat(temp.resolve("victims")).exists();
    }

    @Test
    void opensOnlyRegularFiles() throws IOException {
        dir.mkfifo(b("fifo"), 0644);
        dir.mkdir(b("dir"), 0755);
        assertFails(Errno.EINVAL, () -> dir.openFile(b("fifo")).close());
        assertFails(Errno.EINVAL, () -> dir.openFileForWriting(b("dir")).close());
        assertFails(Errno.ENOENT, () -> dir.openFile(b("absent")).close());
        assertThatThrownBy(() ->
                        FileHandle.openForReading(temp.resolve("root/fifo")).close())
                .isInstanceOf(LinuxException.class);
    }

    @Test
    void readsAndSetsAttributes() throws IOException {
        Timestamp accessed = new Timestamp(-5, 999_999_999);
        Timestamp modified = new Timestamp(4_000_000_000L, 123_456_789);
        try (FileHandle file = dir.createFile(b("f"), 0600)) {
            file.write(b("hello"), 0, 5, 0);
            file.chmod(04755);
            file.utimens(accessed, modified);
            Attributes a = dir.stat(b("f"));
            assertThat(a).isEqualTo(file.stat());
            assertThat(a.type()).isEqualTo(FileType.FILE);
            assertThat(a.mode()).isEqualTo(04755);
            assertThat(a.size()).isEqualTo(5);
            assertThat(a.links()).isEqualTo(1);
            assertThat(a.uid()).isEqualTo(Os.effectiveUser());
            assertThat(a.accessed()).isEqualTo(accessed);
            assertThat(a.modified()).isEqualTo(modified);
            assertThat(a.rdev()).isEqualTo(DeviceNumber.ZERO);
            assertThat(a.inode()).isEqualTo(inode("root/f"));
        }
        dir.chmod(b("f"), 0640);
        dir.utimens(b("f"), modified, accessed);
        dir.link(dir, b("f"), b("g"));
        Attributes b = dir.stat(b("g"));
        assertThat(b.mode()).isEqualTo(0640);
        assertThat(b.modified()).isEqualTo(accessed);
        assertThat(b.links()).isEqualTo(2);
        dir.mkdir(b("sub"), 0700);
        try (Dir sub = dir.openChild(b("sub"))) {
            sub.chmod(b("."), 01777);
            sub.utimens(b("."), modified, modified);
            assertThat(sub.stat(b("."))).isEqualTo(dir.stat(b("sub")));
        }
        assertThat(dir.stat(b("sub")).mode()).isEqualTo(01777);
        assertThat(dir.stat(b("sub")).isDirectory()).isTrue();
    }

    @Test
    void refusesIdsAndModesThatMeanSomethingElse() throws IOException {
        dir.createFile(b("f"), 0644).close();
        for (long id : new long[] {-1, 0xFFFF_FFFFL, 1L << 32, Long.MAX_VALUE}) {
            assertFails(Errno.EINVAL, () -> dir.chown(b("f"), id, 0));
            assertFails(Errno.EINVAL, () -> dir.chown(b("f"), 0, id));
        }
        assertFails(Errno.EINVAL, () -> dir.chmod(b("f"), 010000));
    }

    @Test
    void keepsExtendedAttributesAsBytes() throws IOException {
        dir.createFile(b("f"), 0644).close();
        byte[] value = b("\0\u0080\u00ff");
        dir.setXattr(b("f"), b("user.\u00ff"), value);
        dir.setXattr(b("f"), b("user.empty"), b(""));
        assertThat(dir.xattr(b("f"), b("user.\u00ff")).orElseThrow()).isEqualTo(value);
        assertThat(dir.xattr(b("f"), b("user.empty")).orElseThrow()).isEmpty();
        assertThat(dir.xattrs(b("f"))).extracting(Bytes::text).contains("user.\u00ff", "user.empty");
        dir.removeXattr(b("f"), b("user.empty"));
        dir.removeXattr(b("f"), b("user.empty"));
        assertThat(dir.xattr(b("f"), b("user.empty"))).isEmpty();
        try (FileHandle file = dir.openFile(b("f"))) {
            assertThat(file.xattr(b("user.\u00ff")).orElseThrow()).isEqualTo(value);
            file.setXattr(b("user.by fd"), b("v"));
            assertThat(file.xattr(b("user.none"))).isEmpty();
        }
        assertThat(dir.xattr(b("f"), b("user.by fd")).orElseThrow()).isEqualTo(b("v"));
        dir.symlink(b("f"), b("l"));
        assertFails(Errno.EPERM, () -> dir.setXattr(b("l"), b("user.a"), b("v")));
        assertFails(Errno.E2BIG, () -> dir.setXattr(b("f"), b("user.a"), new byte[65537]));
        assertFails(Errno.ERANGE, () -> dir.setXattr(b("f"), new byte[256], b("v")));
        assertFails(Errno.ERANGE, () -> dir.setXattr(b("f"), b(""), b("v")));
    }

    @Test
    void renamesOverAndRefusesToWhenAsked() throws IOException {
        write("a", "A");
        write("b", "B");
        assertFails(Errno.EEXIST, () -> dir.renameNew(b("a"), dir, b("b")));
        dir.rename(b("a"), dir, b("b"));
        assertThat(Files.readString(temp.resolve("root/b"))).isEqualTo("A");
        dir.renameNew(b("b"), dir, b("c"));
        dir.mkdir(b("sub"), 0755);
        try (Dir sub = dir.openChild(b("sub"))) {
            dir.rename(b("c"), sub, b("d"));
            assertThat(sub.list()).extracting(Entry::toString).containsExactly("d");
        }
    }

    @Test
    void listsLargeDirectoriesCompletely() throws IOException {
        for (int i = 0; i < 5000; i++) {
            dir.createFile(b("a-rather-long-name-of-a-file-" + i), 0600).close();
        }
        assertThat(dir.list()).hasSize(5000);
        dir.mkdir(b("empty"), 0755);
        try (Dir empty = dir.openChild(b("empty"))) {
            assertThat(empty.list()).isEmpty();
        }
    }

    @Test
    void removesATreeWithoutFollowingAnything() throws IOException {
        Files.createDirectories(temp.resolve("root/t/a/b/c"));
        Files.createDirectories(temp.resolve("outside/keep"));
        Files.writeString(temp.resolve("root/t/a/f"), "f");
        Files.createSymbolicLink(temp.resolve("root/t/a/b/link"), temp.resolve("outside"));
        for (int i = 0; i < 500; i++) {
            Files.createDirectories(temp.resolve("root/t/many/d" + i + "/full"));
        }
        dir.removeTree(b("t"));
        assertThat(dir.find(b("t"))).isEmpty();
        assertThat(temp.resolve("outside/keep")).exists();
        dir.removeTree(b("t"));
        write("file", "x");
        dir.removeTree(b("file"));
        assertThat(dir.list()).isEmpty();
    }

    @Test
    void removesATreeDeeperThanAnyPath() throws IOException {
        Dir at = dir.openDir(b(""));
        for (int i = 0; i < 1000; i++) {
            at.mkdir(b("deep"), 0755);
            Dir next = at.openChild(b("deep"));
            at.close();
            at = next;
        }
        at.createFile(b("f"), 0600).close();
        at.close();
        dir.removeTree(b("deep"));
        assertThat(dir.list()).isEmpty();
    }

    @Test
    void leaksNoDescriptors() throws IOException {
        write("f", "x");
        dir.mkdir(b("d"), 0755);
        long before = openDescriptors();
        for (int i = 0; i < 50; i++) {
            dir.list();
            dir.openFile(b("f")).close();
            dir.openChild(b("d")).close();
            dir.sync();
            assertFails(Errno.EINVAL, () -> dir.openFile(b("d")).close());
            Files.createDirectories(temp.resolve("root/t/x/y"));
            dir.removeTree(b("t"));
        }
        assertThat(openDescriptors()).isEqualTo(before);
    }

    @Test
    void isNotUsableAfterClose() {
        dir.close();
        assertThat(dir.isOpen()).isFalse();
        assertThatThrownBy(() -> dir.list()).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void namesCallSubjectAndErrno() {
        assertThatThrownBy(() -> dir.stat(b("absent"))).isInstanceOfSatisfying(LinuxException.class, e -> {
            assertThat(e.call()).isEqualTo("statx");
            assertThat(e.subject()).isEqualTo(temp.resolve("root/absent").toString());
            assertThat(e.errno()).isEqualTo(Errno.ENOENT);
            assertThat(e).hasMessage("statx " + e.subject() + ": ENOENT");
        });
        assertThat(dir.isOpen()).isTrue();
        assertThatThrownBy(() -> Dir.openRoot(temp.resolve("absent")).close()).isInstanceOf(LinuxException.class);
    }

    private void write(String name, String content) throws IOException {
        try (FileHandle file = dir.createFile(b(name), 0644)) {
            file.write(ByteBuffer.wrap(b(content)), 0);
        }
    }

    private long inode(String path) throws IOException {
        return (long) Files.getAttribute(temp.resolve(path), "unix:ino");
    }

    static long openDescriptors() throws IOException {
        try (var fds = Files.list(Path.of("/proc/self/fd"))) {
            return fds.count();
        }
    }

    static void assertFails(Errno errno, ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        LinuxException.class, e -> assertThat(e.errno()).isEqualTo(errno));
    }
}
