package io.slipway.runtime.shim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.slipway.cas.ApiException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ShimBinariesTest {
    @TempDir
    Path directory;

    private Path executable(String where) throws IOException {
        Path path = directory.resolve(where);
        Files.createDirectories(path.getParent());
        Files.writeString(path, "#!/bin/sh\n");
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rwxr-xr-x"));
        return path;
    }

    private ShimBinaries binaries() {
        return new ShimBinaries(
                directory.resolve("cwd"),
                "relative:" + directory.resolve("path1") + ":" + directory.resolve("path2"),
                List.of(directory.resolve("own")));
    }

    @Test
    void theLastTwoPartsOfTheNameMakeTheBinary() throws Exception {
        Path own = executable("own/containerd-shim-runc-v2");
        assertThat(binaries().resolve("io.containerd.runc.v2")).isEqualTo(own);
        assertThat(binaries().resolve("runc.v2")).isEqualTo(own);
    }

    @Test
    void theWorkingDirectoryComesFirstThenThePathThenOurOwn() throws Exception {
        Path own = executable("own/containerd-shim-a-v1");
        assertThat(binaries().resolve("a.v1")).isEqualTo(own);
        Path second = executable("path2/containerd-shim-a-v1");
        assertThat(binaries().resolve("a.v1")).isEqualTo(second);
        Path first = executable("path1/containerd-shim-a-v1");
        assertThat(binaries().resolve("a.v1")).isEqualTo(first);
        Path cwd = executable("cwd/containerd-shim-a-v1");
        assertThat(binaries().resolve("a.v1")).isEqualTo(cwd);
    }

    @Test
    void whatWasFoundIsRememberedUntilItIsGone() throws Exception {
        Path second = executable("path2/containerd-shim-a-v1");
        ShimBinaries binaries = binaries();
        assertThat(binaries.resolve("a.v1")).isEqualTo(second);
        Path first = executable("path1/containerd-shim-a-v1");
        assertThat(binaries.resolve("a.v1")).isEqualTo(second);
        Files.delete(second);
        assertThat(binaries.resolve("a.v1")).isEqualTo(first);
    }

    @Test
    void anAbsolutePathIsTakenAsItIs() throws Exception {
        Path binary = executable("x/odd name");
        assertThat(binaries().resolve(binary.toString())).isEqualTo(binary);
        assertUnknown(directory + "/absent", "not an executable file");
    }

    @Test
    void aMalformedOrMissingRuntimeIsRefusedWithoutAClass() {
        assertUnknown("runc", "invalid runtime name runc");
        assertUnknown("a/b.c", "invalid runtime name a/b.c");
        assertUnknown(
                "io.x.y.v1",
                "runtime \"io.x.y.v1\" binary not installed \"containerd-shim-y-v1\": file does not exist");
    }

    private void assertUnknown(String runtime, String text) {
        assertThatThrownBy(() -> binaries().resolve(runtime)).isInstanceOfSatisfying(ApiException.class, e -> {
            assertThat(e.code()).isEqualTo(ApiException.Code.UNKNOWN);
            assertThat(e).hasMessageContaining(text);
        });
    }
}
