package io.slipway.daemon.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

final class ContainerUserTest {
    private static final byte[] PASSWD = """
            root:x:0:0:root:/root:/bin/sh
            # comment
            broken
            daemon:x:1:1::/:/bin/false
            web:x:33:34:web,,,:/var/www:/bin/sh
            5000:x:77:78:a name of digits:/:
            huge:x:4294967296:1::/:
            """.getBytes(StandardCharsets.UTF_8);
    private static final byte[] GROUP = """
            root:x:0:
            adm:x:4:root,web
            web:x:34:
            disk:x:6:root
            staff:x:50:web,other
            """.getBytes(StandardCharsets.UTF_8);

    private static ContainerUser resolve(String spec) throws ContainerUser.Unknown {
        return ContainerUser.resolve(spec, PASSWD, GROUP);
    }

    @Test
    void nobodyNamedIsRootWithRootsGroups() throws Exception {
        assertThat(resolve("")).isEqualTo(new ContainerUser(0, 0, List.of(0L, 4L, 6L)));
    }

    @Test
    void aNameBringsItsGroups() throws Exception {
        assertThat(resolve("web")).isEqualTo(new ContainerUser(33, 34, List.of(34L, 4L, 50L)));
        assertThat(resolve("33")).isEqualTo(new ContainerUser(33, 34, List.of(34L, 4L, 50L)));
    }

    @Test
    void aNumberThatIsNobodysHasGroupZero() throws Exception {
        assertThat(resolve("1234")).isEqualTo(new ContainerUser(1234, 0, List.of(0L)));
    }

    @Test
    void aNameOfDigitsWins() throws Exception {
        assertThat(resolve("5000").uid()).isEqualTo(77);
    }

    @Test
    void aGivenGroupReplacesTheOthers() throws Exception {
        assertThat(resolve("web:staff")).isEqualTo(new ContainerUser(33, 50, List.of(50L)));
        assertThat(resolve("web:999")).isEqualTo(new ContainerUser(33, 999, List.of(999L)));
        assertThat(resolve(":adm")).isEqualTo(new ContainerUser(0, 4, List.of(4L)));
    }

    @Test
    void whoIsNotThereIsNamed() {
        assertThatThrownBy(() -> resolve("nobody")).hasMessage("no user \"nobody\" in the image's /etc/passwd");
        assertThatThrownBy(() -> resolve("web:nogroup")).hasMessage("no group \"nogroup\" in the image's /etc/group");
        assertThatThrownBy(() -> resolve("huge")).hasMessageContaining("no user");
        assertThatThrownBy(() -> resolve("-1")).hasMessageContaining("no user");
        assertThatThrownBy(() -> resolve("4294967295")).hasMessageContaining("no user");
    }

    @Test
    void numbersNeedNoFiles() {
        assertThat(ContainerUser.ofNumbers("")).contains(new ContainerUser(0, 0, List.of(0L)));
        assertThat(ContainerUser.ofNumbers("5:6")).contains(new ContainerUser(5, 6, List.of(6L)));
        assertThat(ContainerUser.ofNumbers("web")).isEmpty();
    }

    @Test
    void namesAreBytes() throws Exception {
        byte[] passwd = "n\u00ff:x:9:9::/:\n".getBytes(StandardCharsets.ISO_8859_1);
        assertThat(ContainerUser.resolve("9", passwd, new byte[0]).gid()).isEqualTo(9);
    }
}
