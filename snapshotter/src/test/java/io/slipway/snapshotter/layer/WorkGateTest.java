package io.slipway.snapshotter.layer;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 30, unit = TimeUnit.SECONDS)
class WorkGateTest {
    private static final long MIB = 1 << 20;

    private final WorkGate gate = new WorkGate(1);

    @Test
    void letsWhoHasMostLeftGoFirst() throws InterruptedException {
        List<Long> order = new CopyOnWriteArrayList<>();
        gate.enter(0);
        List<Thread> threads = List.of(worker(10 * MIB, order), worker(30 * MIB, order), worker(20 * MIB, order));
        for (Thread thread : threads) {
            awaitWaiting(thread);
        }
        gate.leave();
        for (Thread thread : threads) {
            thread.join();
        }
        assertThat(order).containsExactly(30 * MIB, 20 * MIB, 10 * MIB);
    }

    @Test
    void asksForThePermitOnlyForOneWhoIsFarBehind() throws InterruptedException {
        gate.enter(10 * MIB);
        assertThat(gate.shouldYield(10 * MIB)).isFalse();
        Thread waiting = worker(20 * MIB, new CopyOnWriteArrayList<>());
        awaitWaiting(waiting);
        assertThat(gate.shouldYield(10 * MIB)).isTrue();
        assertThat(gate.shouldYield(18 * MIB)).isFalse();
        gate.leave();
        waiting.join();
        assertThat(gate.shouldYield(0)).isFalse();
    }

    @Test
    void losesNoPermitToWhoIsInterruptedWhileWaiting() throws InterruptedException {
        gate.enter(0);
        List<Long> order = new CopyOnWriteArrayList<>();
        Thread waiting = worker(MIB, order);
        awaitWaiting(waiting);
        waiting.interrupt();
        waiting.join();
        assertThat(order).isEmpty();
        gate.leave();
        gate.enter(0);
        gate.leave();
    }

    private Thread worker(long left, List<Long> order) {
        return Thread.ofPlatform().start(() -> {
            try {
                gate.enter(left);
            } catch (InterruptedException e) {
                return;
            }
            order.add(left);
            gate.leave();
        });
    }

    private static void awaitWaiting(Thread thread) {
        while (thread.getState() != Thread.State.WAITING) {
            Thread.onSpinWait();
        }
    }
}
