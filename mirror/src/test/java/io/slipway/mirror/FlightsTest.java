package io.slipway.mirror;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class FlightsTest {

    private final ArrayDeque<Runnable> queue = new ArrayDeque<>();
    private final Flights<Integer> flights = new Flights<>(queue::add);
    private final AtomicInteger runs = new AtomicInteger();

    @Test
    void whoAsksWhileItRunsGetsTheSameRun() throws Exception {
        CompletableFuture<Integer> one = flights.join("k", runs::incrementAndGet);
        CompletableFuture<Integer> two = flights.join("k", runs::incrementAndGet);
        CompletableFuture<Integer> other = flights.join("l", runs::incrementAndGet);
        queue.forEach(Runnable::run);
        assertThat(one.get()).isEqualTo(two.get()).isEqualTo(1);
        assertThat(other.get()).isEqualTo(2);
    }

    @Test
    void whoAsksAfterwardsStartsANewOneAlsoAfterAFailure() {
        CompletableFuture<Integer> one = flights.join("k", () -> {
            throw new IOException("no");
        });
        queue.remove().run();
        assertThatThrownBy(one::get).isInstanceOf(ExecutionException.class).hasCauseInstanceOf(IOException.class);
        CompletableFuture<Integer> two = flights.join("k", runs::incrementAndGet);
        queue.remove().run();
        assertThat(two).isCompletedWithValue(1);
    }
}
