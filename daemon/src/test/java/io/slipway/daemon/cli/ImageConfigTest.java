package io.slipway.daemon.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class ImageConfigTest {
    private static final String A = "sha256:" + "a".repeat(64);
    private static final String B = "sha256:" + "b".repeat(64);

    private static ImageConfig parse(String json) throws Json.Malformed {
        return ImageConfig.parse(json.getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void aDockerConfigurationIsRead() throws Exception {
        ImageConfig config = parse("{\"architecture\":\"amd64\",\"config\":{\"User\":\"web\",\"Env\":[\"A=b\"],"
                + "\"Entrypoint\":[\"/e\"],\"Cmd\":[\"c\"],\"WorkingDir\":\"/w\",\"StopSignal\":\"SIGQUIT\","
                + "\"Labels\":null,\"Volumes\":{\"/v\":{}}},\"rootfs\":{\"diff_ids\":[\"" + A + "\",\"" + B + "\"]}}");
        assertThat(config.user()).isEqualTo("web");
        assertThat(config.arguments(List.of())).containsExactly("/e", "c");
        assertThat(config.arguments(List.of("x", "y"))).containsExactly("/e", "x", "y");
        assertThat(config.stopSignal()).contains("SIGQUIT");
    }

    @Test
    void aChainIdIsTheDigestOfItsParentAndTheNextDiffId() throws Exception {
        assertThat(parse("{\"rootfs\":{\"diff_ids\":[]}}").chainId()).isEmpty();
        assertThat(parse("{\"rootfs\":{\"diff_ids\":[\"" + A + "\"]}}").chainId())
                .contains(A);
        // printf 'sha256:aaa... sha256:bbb...' | sha256sum
        assertThat(parse("{\"rootfs\":{\"diff_ids\":[\"" + A + "\",\"" + B + "\"]}}")
                        .chainId())
                .contains("sha256:ccd722928bd92476ba1745586fed6e45a102504185ad88cd89e01ff116fd146c");
    }

    @Test
    void nullsCountAsAbsent() throws Exception {
        ImageConfig config =
                parse("{\"config\":{\"Env\":null,\"Cmd\":null,\"Entrypoint\":null,\"User\":null},\"rootfs\":null}");
        assertThat(config.arguments(List.of())).isEmpty();
        assertThat(config.env()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "[]",
                "{",
                "{}{}",
                "{\"config\":[]}",
                "{\"config\":{\"Env\":\"x\"}}",
                "{\"config\":{\"Cmd\":[1]}}",
                "{\"config\":{\"Cmd\":[null]}}",
                "{\"config\":{\"User\":5}}",
                "{\"config\":{\"User\":\"a\",\"User\":\"b\"}}",
                "{\"rootfs\":{\"diff_ids\":[\"sha256:../../etc\"]}}",
                "{\"rootfs\":{\"diff_ids\":[\"md5:abc\"]}}",
                "{\"x\":NaN}"
            })
    void whateverIsNotAConfigurationIsRefused(String json) {
        assertThatThrownBy(() -> parse(json)).isInstanceOf(Json.Malformed.class);
    }

    @Test
    void depthAndLengthAreBounded() {
        String deep = "{\"a\":".repeat(100) + "1" + "}".repeat(100);
        assertThatThrownBy(() -> parse(deep)).isInstanceOf(Json.Malformed.class).hasMessageContaining("not valid JSON");
        assertThatThrownBy(() -> parse("{\"a\":\"" + "x".repeat(2 << 20) + "\"}"))
                .isInstanceOf(Json.Malformed.class);
        String many = "\"" + A + "\",";
        assertThatThrownBy(() -> parse("{\"rootfs\":{\"diff_ids\":[" + many.repeat(501) + "\"" + A + "\"]}}"))
                .hasMessageContaining("more than 500");
    }

    @Test
    void sizesAreWholeAndNotNegative() throws Exception {
        Json json = Json.parse(
                "m",
                "{\"a\":5,\"b\":-1,\"c\":1.5,\"d\":\"5\",\"e\":99999999999999999999}".getBytes(StandardCharsets.UTF_8));
        assertThat(json.get("a").size()).isEqualTo(5);
        for (String bad : List.of("b", "c", "d", "e", "missing")) {
            assertThatThrownBy(() -> json.get(bad).size()).as(bad).isInstanceOf(Json.Malformed.class);
        }
    }
}
