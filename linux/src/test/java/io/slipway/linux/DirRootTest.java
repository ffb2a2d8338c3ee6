package io.slipway.linux;

import static io.slipway.linux.Bytes.b;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.HexFormat;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("root")
class DirRootTest {
    @TempDir
    Path temp = Path.of("/");

    private Dir dir = new Dir(-1, "none");

    @BeforeEach
    void open() throws IOException {
        dir = Dir.openRoot(temp);
    }

    @AfterEach
    void close() {
        dir.close();
    }

    @Test
    void makesNodesOfEveryKindWithTheirNumbers() throws IOException {
        dir.mknod(b("null"), FileType.CHARACTER_DEVICE, 0666, new DeviceNumber(1, 3));
        dir.mknod(b("whiteout"), FileType.CHARACTER_DEVICE, 0, DeviceNumber.ZERO);
        dir.mknod(b("disk"), FileType.BLOCK_DEVICE, 0600, new DeviceNumber(4095, 1_048_575));
        dir.mknod(b("socket"), FileType.SOCKET, 0600, DeviceNumber.ZERO);
        assertThat(dir.stat(b("null")).type()).isEqualTo(FileType.CHARACTER_DEVICE);
        assertThat(dir.stat(b("null")).rdev()).isEqualTo(new DeviceNumber(1, 3));
        assertThat(dir.stat(b("whiteout")).rdev()).isEqualTo(DeviceNumber.ZERO);
        assertThat(dir.stat(b("disk")).rdev()).isEqualTo(new DeviceNumber(4095, 1_048_575));
        assertThat(dir.stat(b("socket")).type()).isEqualTo(FileType.SOCKET);
        assertThat(dir.list())
                .extracting(Entry::type)
                .containsExactly(
                        FileType.BLOCK_DEVICE, FileType.CHARACTER_DEVICE, FileType.SOCKET, FileType.CHARACTER_DEVICE);
        DirTest.assertFails(Errno.EINVAL, () -> dir.openFile(b("null")).close());
    }

    @Test
    void givesAwayLargestIdsAndNeverALinksTarget() throws IOException {
        dir.createFile(b("f"), 0644).close();
        dir.symlink(b("f"), b("l"));
        dir.chown(b("l"), 0xFFFF_FFFEL, 7);
        assertThat(dir.stat(b("l")).uid()).isEqualTo(0xFFFF_FFFEL);
        assertThat(dir.stat(b("l")).gid()).isEqualTo(7);
        assertThat(dir.stat(b("f")).uid()).isZero();
        try (FileHandle file = dir.openFileForWriting(b("f"))) {
            file.chown(1, 2);
        }
        assertThat(dir.stat(b("f")).uid()).isEqualTo(1);
    }

    @Test
    void theOrderOfTheLayerRulesKeepsSetuidAndCapabilities() throws IOException {
        // v2: magic 0x02000000, permitted bit 7 (cap_setuid): a byte 0x80 in the middle
        byte[] capability = HexFormat.of().parseHex("0100000280000000000000000000000000000000");
        try (FileHandle file = dir.createFile(b("f"), 0600)) {
            file.write(b("x"), 0, 1, 0);
            file.chown(1, 1);
            file.setXattr(b("security.capability"), capability);
            file.chmod(04755);
        }
        assertThat(dir.stat(b("f")).mode()).isEqualTo(04755);
        assertThat(dir.xattr(b("f"), b("security.capability")).orElseThrow()).isEqualTo(capability);
    }

    @Test
    void chmodWithoutFchmodat2DoesTheSame() throws IOException {
        dir.createFile(b("f"), 0644).close();
        dir.symlink(b("f"), b("l"));
        dir.mknod(b("dev"), FileType.CHARACTER_DEVICE, 0600, new DeviceNumber(1, 3));
        dir.chmodHeld(b("f"), 06755);
        dir.chmodHeld(b("dev"), 0640);
        assertThat(dir.stat(b("f")).mode()).isEqualTo(06755);
        assertThat(dir.stat(b("dev")).mode()).isEqualTo(0640);
        DirTest.assertFails(Errno.EOPNOTSUPP, () -> dir.chmodHeld(b("l"), 0777));
    }
}
