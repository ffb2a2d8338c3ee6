package io.slipway.cas.meta;

import static org.assertj.core.api.Assertions.assertThat;

import io.slipway.cas.GcOptions;
import java.time.Duration;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

/// Time is an argument: milliseconds here, in the nanoseconds of the schedule.
final class CollectionScheduleTest {

    private static final Duration DELAY = Duration.ofMillis(10);

    private static CollectionSchedule schedule(double pause, int deletions, int mutations) {
        return new CollectionSchedule(new GcOptions(pause, deletions, mutations, DELAY, Duration.ZERO));
    }

    private static long ms(long ms) {
        return Duration.ofMillis(ms).toNanos();
    }

    private static OptionalLong at(long ms) {
        return OptionalLong.of(ms(ms));
    }

    /// A run from `from` to `to`.
    private static void run(CollectionSchedule schedule, long from, long to) {
        schedule.began();
        schedule.succeeded(ms(to), ms(to - from));
    }

    @Test
    void theFirstDeletionAsksForARunAfterTheDelayAndTheNextOnesShareIt() {
        var schedule = schedule(0.02, 0, 100);
        assertThat(schedule.deleted(ms(0))).isEqualTo(at(10));
        assertThat(schedule.deleted(ms(5))).isEmpty();
        assertThat(schedule.take(ms(9))).isFalse();
        assertThat(schedule.take(ms(10))).isTrue();
        assertThat(schedule.take(ms(11))).as("taken").isFalse();
    }

    @Test
    void runsTakeNoMoreThanThePauseThresholdOfTheTime() {
        var schedule = schedule(0.1, 0, 0);
        run(schedule, 0, 50);
        assertThat(schedule.deleted(ms(60))).isEqualTo(at(50 + 450));
        schedule.take(ms(500));
        // The average of 50 and 150 ms counts.
        run(schedule, 500, 650);
        assertThat(schedule.deleted(ms(651))).isEqualTo(at(650 + 900));
    }

    @Test
    void aShortRunCountsAsFiveMilliseconds() {
        var schedule = schedule(0.02, 0, 0);
        run(schedule, 0, 0);
        assertThat(schedule.deleted(ms(1))).isEqualTo(at(245));
    }

    @Test
    void withoutPauseThresholdOnlyTheDelayCounts() {
        var schedule = schedule(0, 0, 0);
        run(schedule, 0, 1_000);
        assertThat(schedule.deleted(ms(1_001))).isEqualTo(at(1_011));
    }

    @Test
    void enoughDeletionsDoNotWaitForThePause() {
        var schedule = schedule(0.1, 3, 0);
        run(schedule, 0, 100);
        assertThat(schedule.deleted(ms(100))).isEqualTo(at(1_000));
        assertThat(schedule.deleted(ms(200))).isEmpty();
        assertThat(schedule.deleted(ms(300))).isEqualTo(at(310));
        assertThat(schedule.take(ms(310))).isTrue();
        run(schedule, 310, 410);
        assertThat(schedule.deleted(ms(420))).as("counted afresh").isEqualTo(at(1_310));
    }

    @Test
    void writesAskForARunWhenThereAreEnoughAndTheRunsOwnDoNotCount() {
        var schedule = schedule(0, 0, 3);
        assertThat(schedule.mutated(ms(0))).isEmpty();
        assertThat(schedule.mutated(ms(1))).isEmpty();
        assertThat(schedule.mutated(ms(2))).isEqualTo(at(12));
        assertThat(schedule.take(ms(12))).isTrue();
        schedule.began();
        schedule.mutated(ms(13));
        schedule.mutated(ms(14));
        schedule.succeeded(ms(15), ms(3));
        assertThat(schedule.mutated(ms(16))).isEmpty();
    }

    @Test
    void withoutMutationThresholdWritesNeverAsk() {
        var schedule = schedule(0.02, 0, 0);
        for (int i = 0; i < 1_000; i++) {
            assertThat(schedule.mutated(ms(i))).isEmpty();
        }
    }

    @Test
    void aDeletionDuringARunAsksForAnother() {
        var schedule = schedule(0, 0, 0);
        schedule.deleted(ms(0));
        schedule.take(ms(10));
        schedule.began();
        assertThat(schedule.deleted(ms(11))).isEqualTo(at(21));
        schedule.succeeded(ms(15), ms(5));
        assertThat(schedule.take(ms(21))).isTrue();
    }

    @Test
    void afterAFailureTheNextRunComesByItselfASecondLater() {
        var schedule = schedule(0.5, 0, 0);
        run(schedule, 0, 100);
        schedule.began();
        assertThat(schedule.failed(ms(200))).isEqualTo(at(200 + 100 + 1_000));
    }

    @Test
    void aRunThatIsWantedSoonerComesSooner() {
        var schedule = schedule(0.02, 0, 0);
        assertThat(schedule.wanted(ms(10_000))).isEqualTo(at(10_000));
        assertThat(schedule.deleted(ms(100))).isEqualTo(at(110));
        assertThat(schedule.wanted(ms(30_000))).isEmpty();
        assertThat(schedule.take(ms(110))).isTrue();
    }
}
