package io.slipway.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OsTest {
    @TempDir
    Path temp = Path.of("/");

    @Test
    void knowsTheMachine() throws IOException {
        assertThat(Os.bootId()).matches("[0-9a-f-]{36}");
        assertThat(Os.kernel().atLeast(5, 6)).isTrue();
        FileSystemInfo info = Os.fileSystem(temp);
        assertThat(info.totalBytes()).isGreaterThanOrEqualTo(info.freeBytes());
        assertThat(info.freeBytes()).isEqualTo(Files.getFileStore(temp).getUsableSpace());
        assertThat(info.readOnly()).isFalse();
        assertThat(Os.fileSystem(Path.of("/proc")).type()).isEqualTo("proc");
        assertThat(Os.listsTypes(temp)).isTrue();
        assertThat(temp).isEmptyDirectory();
        assertThat(Os.effectiveUser()).isEqualTo((long) (int) attribute(temp, "unix:uid"));
        Os.syncfs(temp);
        DirTest.assertFails(Errno.ENOENT, () -> Os.fileSystem(temp.resolve("absent")));
    }

    @Test
    void knowsProcesses() throws IOException {
        int self = (int) ProcessHandle.current().pid();
        assertThat(Os.processStartTime(self)).isPositive().isEqualTo(Os.processStartTime(self));
        DirTest.assertFails(Errno.ESRCH, () -> Os.processStartTime(0x3fffff));
        DirTest.assertFails(Errno.ESRCH, () -> PidFd.open(0x3fffff).close());
        DirTest.assertFails(Errno.ESRCH, () -> PidFd.open(0).close());
        try (PidFd me = PidFd.open(self)) {
            assertThat(me.alive()).isTrue();
            me.signal(0);
            DirTest.assertFails(Errno.EINVAL, () -> me.signal(10_000));
        }
    }

    @Test
    void setsTheSoftLimitOfOpenFiles() throws IOException {
        Os.OpenFiles before = Os.openFiles();
        try {
            assertThat(Os.limitOpenFiles(before.soft() - 1).soft()).isEqualTo(before.soft() - 1);
            assertThat(Os.openFiles().soft()).isEqualTo(before.soft() - 1);
            assertThat(Os.raiseOpenFiles().soft()).isEqualTo(before.hard());
        } finally {
            assertThat(Os.limitOpenFiles(before.soft())).isEqualTo(before);
        }
    }

    @Test
    void makesFifosWithExactlyTheModeAsked() throws IOException {
        Os.mkfifo(temp.resolve("f"), 0777);
        assertThat(attribute(temp.resolve("f"), "unix:mode")).isEqualTo(0010777);
        DirTest.assertFails(Errno.EEXIST, () -> Os.mkfifo(temp.resolve("f"), 0777));
    }

    @Test
    void aLockIsHeldOnceAndFreeAfterClose() throws IOException {
        Path file = temp.resolve("lock");
        Optional<FileLock> first = FileLock.tryLock(file);
        assertThat(first).isPresent();
        long before = DirTest.openDescriptors();
        assertThat(FileLock.tryLock(file)).isEmpty();
        assertThat(DirTest.openDescriptors()).isEqualTo(before);
        first.orElseThrow().close();
        first.orElseThrow().close();
        try (FileLock again = FileLock.tryLock(file).orElseThrow()) {
            assertThat(again).isNotNull();
        }
        assertThatThrownBy(() -> FileLock.tryLock(temp.resolve("no/such"))).isInstanceOf(LinuxException.class);
    }

    @Test
    void tellsWhetherSomebodyAnswersOnASocket() throws IOException {
        Path socket = temp.resolve("s.sock");
        assertThat(UnixSockets.answers(socket)).isFalse();
        Path bound = UnixSockets.temporary(socket);
        try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            server.bind(UnixDomainSocketAddress.of(bound));
            UnixSockets.publish(bound, socket, 0620, Os.effectiveUser(), Os.effectiveGroup());
            assertThat(UnixSockets.answers(socket)).isTrue();
            assertThat(bound).doesNotExist();
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(socket)))
                    .isEqualTo("rw--w----");
        }
        assertThat(socket).exists();
        assertThat(UnixSockets.answers(socket)).isFalse();
        Files.createFile(temp.resolve("s.sock~"));
        assertThat(UnixSockets.temporary(socket)).doesNotExist();
        DirTest.assertFails(Errno.ENAMETOOLONG, () -> UnixSockets.temporary(Path.of("/" + "x".repeat(106))));
    }

    private static Object attribute(Path path, String name) throws IOException {
        return Files.getAttribute(path, name, java.nio.file.LinkOption.NOFOLLOW_LINKS);
    }
}
