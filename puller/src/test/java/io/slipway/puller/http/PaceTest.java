package io.slipway.puller.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class PaceTest {
    private static final Duration LOOK = Duration.ofMillis(20);
    private static final int LOOKS = 50;

    private final Pace pace = new Pace(LOOK.multipliedBy(LOOKS), LOOK.multipliedBy(2));

    /// A window of waiting that brings this much; the verdict at its end.
    private boolean window(long bytes) {
        pace.brought(bytes);
        for (int i = 1; i < LOOKS; i++) {
            assertThat(pace.tooSlow(LOOK.toNanos())).isFalse();
        }
        return pace.tooSlow(LOOK.toNanos());
    }

    @Test
    void judgesEveryWindowByItself() {
        assertThat(window(Pace.BYTES_PER_SECOND_MIN)).isFalse();
        assertThat(window(1 << 30)).isFalse();
        assertThat(window(Pace.BYTES_PER_SECOND_MIN - 1)).isTrue();
    }

    @Test
    void aLongLookCountsAsAShortOne() {
        for (int i = 1; i < LOOKS / 2; i++) {
            assertThat(pace.tooSlow(Duration.ofHours(1).toNanos())).isFalse();
        }
        assertThat(pace.tooSlow(Duration.ofHours(1).toNanos())).isTrue();
    }
}
