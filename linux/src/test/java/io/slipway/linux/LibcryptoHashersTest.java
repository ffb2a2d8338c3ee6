package io.slipway.linux;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class LibcryptoHashersTest extends HasherContract {
    @Override
    HasherProvider provider() {
        return LibcryptoHashers.load().orElseThrow(() -> new AssertionError("no libcrypto.so.3 (Debian: libssl3)"));
    }

    @Test
    void isTheBestOne() {
        assertThat(Hashers.best().name()).startsWith("libcrypto 3.");
    }
}
