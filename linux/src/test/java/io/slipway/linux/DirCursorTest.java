package io.slipway.linux;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/// On the file system of temporary files.
class DirCursorTest extends DirCursorContract {
    @TempDir
    Path temp = Path.of("/");

    private Dir walked = new Dir(-1, "none");
    private Dir other = new Dir(-1, "none");

    @BeforeEach
    void open() throws IOException {
        walked = Dir.openRoot(Files.createDirectory(temp.resolve("walked")));
        other = Dir.openRoot(Files.createDirectory(temp.resolve("other")));
    }

    @AfterEach
    void close() {
        walked.close();
        other.close();
    }

    @Override
    Dir walked() {
        return walked;
    }

    @Override
    Dir other() {
        return other;
    }
}
