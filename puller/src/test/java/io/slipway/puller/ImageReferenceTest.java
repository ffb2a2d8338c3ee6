package io.slipway.puller;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ImageReferenceTest {
    private static final String HEX = "a".repeat(64);

    @ParameterizedTest
    @CsvSource({
        "busybox, docker.io/library/busybox:latest",
        "busybox:1.36, docker.io/library/busybox:1.36",
        "grafana/grafana, docker.io/grafana/grafana:latest",
        "docker.io/busybox, docker.io/library/busybox:latest",
        "index.docker.io/library/busybox, docker.io/library/busybox:latest",
        "localhost/a, localhost/a:latest",
        "localhost:5000/a/b:t, localhost:5000/a/b:t",
        "ghcr.io/x/y, ghcr.io/x/y:latest",
        "host:443/x, host:443/x:latest",
        "[::1]:5000/x:1, [::1]:5000/x:1",
        "[2001:db8::1]/x:1, [2001:db8::1]/x:1",
        "127.0.0.1:5000/a.b_c__d-e---f/g, 127.0.0.1:5000/a.b_c__d-e---f/g:latest",
        "UPPER/x, UPPER/x:latest",
    })
    void fillsInDockersDefaults(String text, String name) {
        assertThat(ImageReference.parse(text).name()).isEqualTo(name);
        assertThat(ImageReference.parse(name)).isEqualTo(ImageReference.parse(text));
    }

    @Test
    void keepsTagAndDigest() {
        ImageReference both = ImageReference.parse("a/b:t@sha256:" + HEX);
        assertThat(both.tag()).contains("t");
        assertThat(both.object()).isEqualTo("sha256:" + HEX);
        ImageReference only = ImageReference.parse("a@sha256:" + HEX);
        assertThat(only.tag()).isEmpty();
        assertThat(only.name()).isEqualTo("docker.io/library/a@sha256:" + HEX);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                ":",
                "a:",
                "a@",
                "a@sha256:abc",
                "a@md5:d41d8cd98f00b204e9800998ecf8427e",
                "localhost:5000/A/b",
                "docker.io/UPPER",
                "a//b",
                "/a",
                "a/",
                "../a",
                "a/../b",
                "a b",
                "a:t t",
                "a:-t",
                "host:99999/a",
                "host:0/a",
                "host:x/a",
                "ho_st.x/a",
                "-host.x/a",
                "[::1/a",
                "[zz]/a",
                "a..b/c",
                "a__ /b",
                "a___b",
                "a\nb",
                "http://x.y/a",
            })
    void refusesMalformedNamesNamingThem(String text) {
        assertThatThrownBy(() -> ImageReference.parse(text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("invalid image reference \"" + text);
    }

    @Test
    void boundsLengths() {
        assertThat(ImageReference.parse("x.y/" + "a".repeat(251)).repository()).hasSize(251);
        assertThatThrownBy(() -> ImageReference.parse("x.y/" + "a".repeat(252)))
                .hasMessageContaining("longer than 255");
        assertThat(ImageReference.parse("a:" + "t".repeat(128)).tag()).isPresent();
        assertThatThrownBy(() -> ImageReference.parse("a:" + "t".repeat(129))).hasMessageContaining("not a tag");
        assertThatThrownBy(() -> ImageReference.parse("a".repeat(5000)))
                .hasMessageContaining("too long")
                .message()
                .hasSizeLessThan(200);
    }
}
