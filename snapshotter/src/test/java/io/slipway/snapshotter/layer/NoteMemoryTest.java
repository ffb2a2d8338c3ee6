package io.slipway.snapshotter.layer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.slipway.cas.ApiException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 60, unit = TimeUnit.SECONDS)
class NoteMemoryTest {
    private static final long MIB = 1 << 20;

    private final NoteMemory memory = new NoteMemory();
    private final WorkGate gate = new WorkGate(1);

    @Test
    void refusesALayerBeyondItsOwnBoundEvenIfAlone() {
        try (NoteBudget only = memory.open(gate)) {
            only.take(NoteMemory.LAYER_BYTES_MAX - MIB);
            assertThatThrownBy(() -> only.take(MIB))
                    .isInstanceOf(ApiException.class)
                    .hasMessageContaining("more than 16 MiB of memory");
        }
    }

    @Test
    void theEldestNeverWaitsForTheOthers() throws Exception {
        gate.enter(0);
        try (NoteBudget eldest = memory.open(gate);
                NoteBudget greedy = memory.open(gate)) {
            greedy.take(NoteMemory.SHARED_BYTES_MAX - MIB);
            eldest.take(NoteMemory.LAYER_BYTES_MAX - MIB);
        } finally {
            gate.leave();
        }
    }

    @Test
    void whoeverWaitsGivesItsWorkPermitBackAndGoesOnWhenTheEldestIsThrough() throws Exception {
        NoteBudget eldest = memory.open(gate);
        NoteBudget second = memory.open(gate);
        NoteBudget third = memory.open(gate);
        gate.enter(0);
        second.take(10 * MIB);
        gate.leave();
        CompletableFuture<Void> done = new CompletableFuture<>();
        Thread waiting = Thread.ofPlatform().start(() -> {
            try {
                gate.enter(0);
                third.take(10 * MIB);
                gate.leave();
                done.complete(null);
            } catch (InterruptedException | RuntimeException e) {
                done.completeExceptionally(e);
            }
        });
        awaitWaiting(waiting);
        assertThat(done).isNotDone();
        // Its permit is free, or this would hang.
        gate.enter(0);
        gate.leave();

        eldest.close(); // now the second's is no longer shared
        done.get();
        second.close();
        third.close();
    }

    @Test
    void interruptionEndsTheWaitAsACancellationAndKeepsThePermit() throws Exception {
        try (NoteBudget eldest = memory.open(gate);
                NoteBudget greedy = memory.open(gate);
                NoteBudget late = memory.open(gate)) {
            eldest.take(1);
            greedy.take(NoteMemory.SHARED_BYTES_MAX - MIB);
            AtomicReference<Throwable> failure = new AtomicReference<>();
            Thread waiting = Thread.ofPlatform().start(() -> {
                try {
                    gate.enter(0);
                    late.take(2 * MIB);
                } catch (InterruptedException | RuntimeException e) {
                    failure.set(e);
                    boolean _ = Thread.interrupted();
                    gate.leave();
                }
            });
            awaitWaiting(waiting);
            waiting.interrupt();
            waiting.join();
            assertThat(failure.get())
                    .isInstanceOfSatisfying(
                            ApiException.class, e -> assertThat(e.code()).isEqualTo(ApiException.Code.CANCELLED));
            gate.enter(0);
            gate.leave();
        }
    }

    @Test
    void closingTwiceIsFine() {
        NoteBudget budget = memory.open(gate);
        budget.take(MIB);
        budget.close();
        budget.close();
        try (NoteBudget next = memory.open(gate)) {
            next.take(NoteMemory.LAYER_BYTES_MAX - MIB);
        }
    }

    /// Chains of layers, each of which lets go of its notes only after the one below it, taking at random.
    @Test
    void everyChainComesToItsEnd() throws Exception {
        long seed = System.nanoTime();
        System.out.println("seed " + seed);
        Random random = new Random(seed);
        WorkGate two = new WorkGate(2);
        List<CompletableFuture<Void>> ends = new ArrayList<>();
        for (int chain = 0; chain < 6; chain++) {
            CompletableFuture<Void> below = CompletableFuture.completedFuture(null);
            for (int layer = 0; layer < 8; layer++) {
                NoteBudget budget = memory.open(two);
                int slices = 1 + random.nextInt(15);
                CompletableFuture<Void> parent = below;
                CompletableFuture<Void> end = new CompletableFuture<>();
                Thread.ofPlatform().start(() -> {
                    try (budget) {
                        two.enter(slices);
                        try {
                            for (int slice = 0; slice < slices; slice++) {
                                budget.take(MIB - 1000);
                            }
                        } finally {
                            two.leave();
                        }
                        parent.join();
                    } catch (InterruptedException | RuntimeException e) {
                        end.completeExceptionally(e);
                        return;
                    }
                    end.complete(null);
                });
                below = end;
                ends.add(end);
            }
        }
        CompletableFuture.allOf(ends.toArray(CompletableFuture[]::new)).get();
    }

    private static void awaitWaiting(Thread thread) {
        while (thread.getState() != Thread.State.WAITING) {
            Thread.onSpinWait();
        }
    }
}
