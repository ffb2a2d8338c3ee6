package io.slipway.snapshotter.diff;

import static org.assertj.core.api.Assertions.assertThat;

import io.slipway.linux.Dir;
import io.slipway.snapshotter.testing.ChildJvm;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("root")
class WideDirectoriesTest {
    private static final long HANG_SECONDS = 300;

    @TempDir
    Path root;

    @Test
    void aDiffOfAnyDirectoryFitsTheDaemonsHeapOrIsRefused() throws Exception {
        Path work = Files.createDirectory(root.resolve("work"));
        ChildJvm.Result result = ChildJvm.run(WideDirectories.class, HANG_SECONDS, work.toString());
        // A test directory's own removal takes long on that many names.
        try (Dir dir = Dir.openRoot(root)) {
            dir.removeTree("work".getBytes(StandardCharsets.US_ASCII));
        }
        assertThat(result.exit()).as(result.output()).isZero();
    }
}
