package io.slipway.linux;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class IsalInflatersTest extends InflaterContract {
    @Override
    InflaterProvider provider() {
        return IsalInflaters.load().orElseThrow(() -> new AssertionError("no usable libisal.so.2 (Debian: libisal2)"));
    }

    @Test
    void isTheBestOne() {
        assertThat(Inflaters.best().name()).startsWith("isa-l");
    }
}
