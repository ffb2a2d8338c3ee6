package io.slipway.daemon.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.slipway.linux.DeviceNumber;
import io.slipway.linux.Dir;
import io.slipway.linux.FileType;
import io.slipway.linux.Os;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class LayeredFilesTest {
    @TempDir
    Path dir;

    private Path layer(String name, String... pathsAndContents) throws IOException {
        Path layer = Files.createDirectory(dir.resolve(name));
        for (int i = 0; i < pathsAndContents.length; i += 2) {
            Path file = layer.resolve(pathsAndContents[i]);
            Files.createDirectories(file.getParent());
            Files.writeString(file, pathsAndContents[i + 1]);
        }
        return layer;
    }

    private static Optional<String> read(String path, Path... topFirst) throws IOException {
        try (LayeredFiles files = new LayeredFiles(List.of(topFirst))) {
            return files.read(path, 100).map(bytes -> new String(bytes, UTF_8));
        }
    }

    @Test
    void theUppermostFileIsSeenAndDirectoriesMerge() throws Exception {
        Path lower = layer("lower", "etc/passwd", "old", "etc/group", "g");
        Path upper = layer("upper", "etc/passwd", "new");
        assertThat(read("/etc/passwd", upper, lower)).contains("new");
        assertThat(read("/etc/group", upper, lower)).contains("g");
        assertThat(read("etc//./group", upper, lower)).contains("g");
        assertThat(read("/etc/nothing", upper, lower)).isEmpty();
        assertThat(read("/etc", upper, lower)).isEmpty();
        assertThat(read("/etc/passwd/x", upper, lower)).isEmpty();
    }

    @Test
    void linksAreFollowedInsideTheMergedTreeOnly() throws Exception {
        Path host = Files.writeString(dir.resolve("secret"), "host");
        Path lower = layer("lower", "usr/etc/passwd", "real");
        Path upper = layer("upper");
        Files.createSymbolicLink(upper.resolve("etc"), Path.of("/usr/etc"));
        Files.createSymbolicLink(upper.resolve("up"), Path.of("../../.." + host));
        Files.createSymbolicLink(upper.resolve("abs"), host);
        Files.createSymbolicLink(upper.resolve("relative"), Path.of("usr/../usr/etc/passwd"));
        assertThat(read("/etc/passwd", upper, lower)).contains("real");
        assertThat(read("/relative", upper, lower)).contains("real");
        assertThat(read("/up", upper, lower)).isEmpty();
        assertThat(read("/abs", upper, lower)).isEmpty();
    }

    @Test
    void aPathThatLeadsThroughANameAtTheTopSaysSo() throws Exception {
        Path lower = layer("lower", "srv/proc/x", "", "real/x", "");
        Path upper = layer("upper");
        Files.createSymbolicLink(upper.resolve("w"), Path.of("/proc/self/fd/7"));
        Files.createSymbolicLink(upper.resolve("v"), Path.of("srv/../../proc"));
        Files.createSymbolicLink(upper.resolve("u"), Path.of("real"));
        try (LayeredFiles files = new LayeredFiles(List.of(upper, lower))) {
            for (String path : List.of("/w", "/w/x", "/v/8", "/real/../proc", "/u/../w")) {
                assertThat(files.leadsThrough(path, "proc")).as(path).isTrue();
            }
            for (String path : List.of("/", "/srv/proc", "/u", "/u/x", "/missing/proc", "/srv")) {
                assertThat(files.leadsThrough(path, "proc")).as(path).isFalse();
            }
        }
    }

    @Test
    void whatIsMountedOverIsADirectoryOrNotThere() throws Exception {
        Path lower = layer("lower", "dev/x", "", "sys", "a file");
        Path upper = layer("upper");
        Files.createSymbolicLink(upper.resolve("proc"), Path.of("dev"));
        try (LayeredFiles files = new LayeredFiles(List.of(upper, lower))) {
            assertThat(List.of("dev", "absent")).allMatch(name -> can(files, name));
            assertThat(List.of("proc", "sys")).noneMatch(name -> can(files, name));
        }
    }

    private static boolean can(LayeredFiles files, String name) {
        try {
            return files.canBeDirectory(name);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    @Test
    void aLoopOfLinksIsAnError() throws Exception {
        Path layer = layer("l");
        Files.createSymbolicLink(layer.resolve("a"), Path.of("b"));
        Files.createSymbolicLink(layer.resolve("b"), Path.of("a"));
        assertThatThrownBy(() -> read("/a", layer)).hasMessageContaining("too many symbolic links");
    }

    @Test
    void aFileInPlaceOfADirectoryHidesWhatIsBelow() throws Exception {
        Path lower = layer("lower", "etc/passwd", "old");
        Path upper = layer("upper", "etc", "a file");
        assertThat(read("/etc/passwd", upper, lower)).isEmpty();
    }

    @Test
    void aPipeIsNotOpened() throws Exception {
        Path layer = layer("l");
        Os.mkfifo(layer.resolve("passwd"), 0600);
        assertThat(read("/passwd", layer)).isEmpty();
    }

    @Test
    void whatIsTooLargeIsRefused() throws Exception {
        assertThatThrownBy(() -> read("/f", layer("l", "f", "x".repeat(101)))).hasMessageContaining("101 bytes");
    }

    @Test
    @Tag("root")
    void whiteoutsAndOpaqueDirectoriesHideLowerLayers() throws Exception {
        Path lower = layer("lower", "etc/passwd", "old", "opt/f", "old", "gone/f", "old");
        Path upper = layer("upper", "opt/other", "x");
        Files.createDirectory(upper.resolve("etc"));
        try (Dir root = Dir.openRoot(upper);
                Dir etc = Dir.openRoot(upper.resolve("etc"))) {
            etc.mknod("passwd".getBytes(UTF_8), FileType.CHARACTER_DEVICE, 0, DeviceNumber.ZERO);
            root.mknod("gone".getBytes(UTF_8), FileType.CHARACTER_DEVICE, 0, DeviceNumber.ZERO);
            root.setXattr("opt".getBytes(UTF_8), "trusted.overlay.opaque".getBytes(UTF_8), "y".getBytes(UTF_8));
        }
        assertThat(read("/etc/passwd", upper, lower)).isEmpty();
        assertThat(read("/gone/f", upper, lower)).isEmpty();
        assertThat(read("/opt/f", upper, lower)).isEmpty();
        assertThat(read("/opt/other", upper, lower)).contains("x");
    }

    @Test
    void layersAreFoundInMountOptions() {
        assertThat(SnapshotFiles.layers(
                        List.of("index=off", "workdir=/w", "upperdir=/u", "lowerdir=/a:/b\\:c:/d", "ro")))
                .containsExactly(Path.of("/u"), Path.of("/a"), Path.of("/b:c"), Path.of("/d"));
    }
}
