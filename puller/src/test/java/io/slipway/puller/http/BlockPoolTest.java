package io.slipway.puller.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class BlockPoolTest {
    private final BlockPool pool = new BlockPool();
    private final Deque<ByteBuf> taken = new ArrayDeque<>();
    private final List<Waiter> called = new ArrayList<>();

    private final class Waiter implements Runnable {
        @Override
        public void run() {
            called.add(this);
        }

        boolean takes() {
            ByteBuf block = pool.tryTake(this);
            if (block != null) {
                taken.add(block);
            }
            return block != null;
        }
    }

    @BeforeEach
    void takeAll() {
        pool.openBody();
        Waiter holder = new Waiter();
        while (holder.takes()) {}
        pool.cancel(holder);
        assertThat(taken).hasSize(BlockPool.BLOCKS_MAX);
    }

    @AfterEach
    void giveAll() {
        while (!taken.isEmpty()) {
            giveOne();
        }
        pool.closeBody();
        assertThat(pool.inUse()).isZero();
    }

    private void giveOne() {
        pool.give(Objects.requireNonNull(taken.poll()));
    }

    private List<Waiter> waiters(int count) {
        List<Waiter> waiters =
                IntStream.range(0, count).mapToObj(_ -> new Waiter()).toList();
        assertThat(waiters).noneMatch(Waiter::takes);
        return waiters;
    }

    @Test
    void callsWaitersInOrderOncePerBlock() {
        List<Waiter> waiters = waiters(3);
        giveOne();
        assertThat(called).containsExactly(waiters.get(0));
        giveOne();
        giveOne();
        assertThat(called).containsExactlyElementsOf(waiters);
        assertThat(waiters).allMatch(Waiter::takes);
    }

    @Test
    void askingAgainNeitherDoublesNorMovesAWaiter() {
        List<Waiter> waiters = waiters(2);
        assertThat(waiters.get(0).takes()).isFalse();
        giveOne();
        giveOne();
        assertThat(called).containsExactlyElementsOf(waiters);
    }

    @Test
    void passesOverThoseWhoCancelled() {
        List<Waiter> waiters = waiters(4);
        pool.cancel(waiters.get(0));
        pool.cancel(waiters.get(2));
        giveOne();
        giveOne();
        assertThat(called).containsExactly(waiters.get(1), waiters.get(3));
    }

    @Test
    void theBlockOfOneWhoIsCalledAndCancelsGoesToTheNext() {
        List<Waiter> waiters = waiters(3);
        giveOne();
        pool.cancel(waiters.get(0));
        assertThat(called).containsExactly(waiters.get(0), waiters.get(1));
        pool.cancel(waiters.get(1));
        assertThat(called).containsExactlyElementsOf(waiters);
        assertThat(waiters.get(2).takes()).isTrue();
    }

    @Test
    void nobodyGoesBeforeThoseWhoWait() {
        List<Waiter> waiters = waiters(1);
        giveOne();
        Waiter newcomer = new Waiter();
        assertThat(newcomer.takes()).isFalse();
        assertThat(waiters.get(0).takes()).isTrue();
        giveOne();
        assertThat(newcomer.takes()).isTrue();
    }

    @Test
    void aBlockNobodyWaitsForIsFree() {
        List<Waiter> waiters = waiters(1);
        giveOne();
        pool.cancel(waiters.get(0));
        assertThat(new Waiter().takes()).isTrue();
    }

    @Test
    void everyLiveWaiterGetsABlock() {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        List<Waiter> live = new ArrayList<>();
        for (int i = 0; i < 20_000; i++) {
            switch (random.nextInt(4)) {
                case 0 -> {
                    Waiter waiter = new Waiter();
                    if (!waiter.takes()) {
                        live.add(waiter);
                    }
                }
                case 1 -> {
                    if (!live.isEmpty()) {
                        pool.cancel(live.remove(random.nextInt(live.size())));
                    }
                }
                case 2 -> {
                    if (!taken.isEmpty()) {
                        giveOne();
                    }
                }
                default -> live.removeIf(waiter -> called.contains(waiter) && waiter.takes());
            }
        }
        for (int i = 0; !live.isEmpty() && i < 100_000; i++) {
            if (!taken.isEmpty()) {
                giveOne();
            }
            live.removeIf(waiter -> called.contains(waiter) && waiter.takes());
        }
        assertThat(live).as("waiters left behind, seed %d", seed).isEmpty();
    }
}
