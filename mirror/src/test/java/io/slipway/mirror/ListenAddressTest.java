package io.slipway.mirror;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ListenAddressTest {

    @Test
    void addressesAreReadAndWrittenBackWithTheBoundPort() {
        assertThat(((ListenAddress.Tcp) ListenAddress.parse("127.0.0.1:0")).bound(77))
                .isEqualTo("127.0.0.1:77");
        assertThat(((ListenAddress.Tcp) ListenAddress.parse("[::1]:5010")).bound(5010))
                .isEqualTo("[::1]:5010");
        assertThat(ListenAddress.parse("unix:/run/m.sock"))
                .isEqualTo(new ListenAddress.Unix("unix:/run/m.sock", Path.of("/run/m.sock")));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", ":80", "x", "x:", "x:y", "x:70000", "::1:80", "[::1]", "unix:", "unix:rel", "a b:80"})
    void aMalformedAddressIsNamed(String text) {
        assertThatThrownBy(() -> ListenAddress.parse(text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("\"" + text + "\"");
    }

    @Test
    void aSocketPathThatNoSocketAddressHoldsIsRefused() {
        assertThatThrownBy(() -> ListenAddress.parse("unix:/" + "a".repeat(110)))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
