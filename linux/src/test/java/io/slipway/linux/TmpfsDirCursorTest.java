package io.slipway.linux;

import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;

@Tag("root")
class TmpfsDirCursorTest extends DirCursorTest {
    @Override
    @BeforeEach
    void open() throws IOException {
        Mounts.system().mount(List.of(new Mount("tmpfs", "tmpfs", "", List.of("size=64m"))), temp);
        super.open();
    }

    @AfterEach
    void unmount() throws IOException {
        close();
        Mounts.system().unmount(temp);
    }
}
