package io.slipway.linux;

import static io.slipway.linux.Bytes.b;
import static io.slipway.linux.Bytes.text;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class MountParsingTest {
    @Test
    void tellsFlagsFromData() {
        MountOptions options = MountOptions.of(new Mount(
                "tmpfs", "tmpfs", "", List.of("nosuid", "size=1m", "ro", "defaults", "rw", "X-mount.mkdir", "slave")));
        assertThat(options.mountFlags()).isEqualTo(MountOptions.MS_NOSUID);
        assertThat(options.propagationFlags()).isEqualTo(MountOptions.MS_SLAVE);
        assertThat(options.joined()).isEqualTo("size=1m,X-mount.mkdir");
        assertThat(options.needsRemount()).isFalse();
    }

    @Test
    void aReadOnlyBindNeedsARemount() {
        assertThat(bind("rbind", "ro").needsRemount()).isTrue();
        assertThat(bind("bind", "rw").needsRemount()).isFalse();
        assertThat(bind("ro").isBind()).isTrue();
        assertThat(bind("remount", "bind", "ro").needsRemount()).isFalse();
        assertThat(bind("rbind", "rprivate").needsRemount()).isFalse();
        assertThat(bind("rbind", "rprivate").propagationFlags())
                .isEqualTo(MountOptions.MS_PRIVATE | MountOptions.MS_REC);
    }

    private static MountOptions bind(String... options) {
        return MountOptions.of(new Mount("bind", "/a", "", List.of(options)));
    }

    @Test
    void readsMountinfoAsBytes() {
        byte[] info = b("""
                22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
                30 22 0:5 / /a\\040b\\011c\\134d\u00ff rw - tmpfs tmpfs rw
                31 30 0:6 / /a\\040b rw - tmpfs tmpfs rw
                32 30 0:6 / /a\\040bc rw - tmpfs tmpfs rw
                """);
        List<byte[]> points = MountTable.parse(info);
        assertThat(points).extracting(Bytes::text).containsExactly("/", "/a b\tc\\d\u00ff", "/a b", "/a bc");
        assertThat(MountTable.under(points, Path.of("/a b")))
                .extracting(point -> text(point))
                .containsExactly("/a b");
        assertThat(MountTable.under(points, Path.of("/"))).hasSize(4);
        assertThat(MountTable.parse(b("1 2 3 4 /bro\\04"))).isEmpty();
    }

    @Test
    void readsLayersWithEscapesAndDataOnlyOnes() {
        OverlayLayers layers = OverlayLayers.parse("/x/a\\:1:/x/b\\\\::/x/y/c::/x/y/d");
        assertThat(layers.lower()).containsExactly("/x/a:1", "/x/b\\");
        assertThat(layers.data()).containsExactly("/x/y/c", "/x/y/d");
        assertThat(layers.commonDirectory()).isEqualTo("/x");
        assertThat(layers.relativeTo("/x")).isEqualTo("a\\:1:b\\\\::y/c::y/d");
        assertThat(OverlayLayers.parse("/a:/b/c").commonDirectory()).isEqualTo("/");
        assertThat(OverlayLayers.parse("/a:/b/c").relativeTo("/")).isEqualTo("a:b/c");
    }

    @Test
    void findsLayersAtAnotherPlace() {
        OverlayLayers layers = OverlayLayers.parse("/x/a:/x/b/c::/y/d");
        assertThat(layers.movedTo("/m", "/x")).isEqualTo("/m/a:/m/b/c::/y/d");
        assertThat(layers.movedTo("/m", "/x/a")).isEqualTo("/m:/x/b/c::/y/d");
        assertThat(layers.movedTo("/m", "/")).isEqualTo("/m/x/a:/m/x/b/c::/m/y/d");
        assertThat(OverlayLayers.parse("/xa").movedTo("/m", "/x")).isEqualTo("/xa");
    }

    @Test
    void readsKernelReleases() {
        assertThat(KernelVersion.parse("6.1.0-18-amd64")).isEqualTo(new KernelVersion(6, 1));
        assertThat(KernelVersion.parse("5.15.153.1-microsoft-standard-WSL2").atLeast(5, 15))
                .isTrue();
        assertThat(KernelVersion.parse("6.18.0").atLeast(7, 0)).isFalse();
    }
}
