package io.slipway.mirror;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class InflightBudgetTest {

    private final MirrorLimits limits = MirrorLimits.defaults();
    private final InflightBudget budget = new InflightBudget(limits);

    @Test
    void streamsShareThePoolAndEachKeepsItsReserve() throws Exception {
        List<InflightBudget.Stream> streams = new ArrayList<>();
        for (int i = 0; i < limits.maxRequests(); i++) {
            InflightBudget.Stream stream = budget.open();
            streams.add(stream);
            assertThat(stream.claim(Long.MAX_VALUE).bytes()).isIn(limits.chunkBytes(), limits.reservedBytes());
        }
        assertThat(budget.used()).isLessThanOrEqualTo(limits.inflightBytes());
        // The pool is empty now, and still the last one that came got its reserve.
        assertThat(streams).hasSize(limits.maxRequests());
    }

    @Test
    void oneStreamNeverHasMoreInFlightThanItsBound() throws Exception {
        InflightBudget.Stream stream = budget.open();
        var first = stream.claim(Long.MAX_VALUE);
        stream.claim(Long.MAX_VALUE);
        var third = CompletableFuture.supplyAsync(() -> claim(stream));
        assertThat(budget.used()).isLessThanOrEqualTo(limits.streamInflightBytes());
        assertThat(third.isDone()).isFalse();
        stream.release(first);
        assertThat(third.get(10, TimeUnit.SECONDS).bytes()).isEqualTo(limits.chunkBytes());
    }

    @Test
    void abandoningWakesTheClaimerAndEverythingComesBack() throws Exception {
        InflightBudget.Stream stream = budget.open();
        var first = stream.claim(Long.MAX_VALUE);
        var second = stream.claim(Long.MAX_VALUE);
        var small = stream.claim(5);
        assertThat(small.bytes()).isEqualTo(5);
        // Not even another chunk fits: whether this one waits or comes too late, it gets nothing.
        var third = CompletableFuture.supplyAsync(() -> claim(stream));
        stream.abandon();
        assertThat(third.get(10, TimeUnit.SECONDS).bytes()).isZero();
        stream.release(first);
        stream.release(second);
        stream.release(small);
        assertThat(budget.used()).isZero();
        assertThat(budget.open().claim(Long.MAX_VALUE).bytes()).isEqualTo(limits.chunkBytes());
    }

    private static InflightBudget.Grant claim(InflightBudget.Stream stream) {
        try {
            return stream.claim(Long.MAX_VALUE);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
