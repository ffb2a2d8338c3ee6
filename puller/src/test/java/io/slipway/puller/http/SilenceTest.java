package io.slipway.puller.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class SilenceTest {
    private static final Duration LIMIT = Duration.ofSeconds(1);
    private static final Duration LOOK = Duration.ofMillis(20);
    private static final long START = 77;

    private long now = START;
    private final Silence silence = new Silence(LIMIT, LOOK.multipliedBy(2), START);

    private boolean after(Duration wait, long byteAt) {
        now += wait.toNanos();
        return silence.tooLong(now, byteAt);
    }

    @Test
    void isTooLongAfterItsLimit() {
        for (int i = 0; i < LIMIT.dividedBy(LOOK); i++) {
            assertThat(after(LOOK, START)).isFalse();
        }
        assertThat(after(LOOK, START)).isTrue();
    }

    @Test
    void startsAgainWithEveryByte() {
        for (int bytes = 0; bytes < 10; bytes++) {
            long byteAt = now;
            for (int i = 0; i < LIMIT.dividedBy(LOOK); i++) {
                assertThat(after(LOOK, byteAt)).isFalse();
            }
        }
    }

    @Test
    void timeInWhichNobodyLookedCountsAsOneLook() {
        assertThat(after(Duration.ofHours(1), START)).isFalse();
        for (int i = 2; i < LIMIT.dividedBy(LOOK); i++) {
            assertThat(after(LOOK, START)).isFalse();
        }
        assertThat(after(LOOK, START)).isTrue();
    }
}
