package io.slipway.puller.fetch;

import static org.assertj.core.api.Assertions.assertThat;

import io.slipway.cas.ByteRange;
import io.slipway.puller.fetch.RangePlan.Piece;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

class RangePlanTest {
    private static final long MIB = 1 << 20;
    private static final long SECOND = Duration.ofSeconds(1).toNanos();

    private static ByteRange rest(Piece piece) {
        return piece.rest();
    }

    @Test
    void takesFromTheFrontUnlessAReaderWantsAnotherPlace() {
        RangePlan plan = new RangePlan(List.of(new ByteRange(0, 100), new ByteRange(200, 300)), 30);
        assertThat(rest(plan.take(Optional.empty(), 0).orElseThrow())).isEqualTo(new ByteRange(0, 30));
        assertThat(rest(plan.take(Optional.of(new ByteRange(250, 260)), 0).orElseThrow()))
                .isEqualTo(new ByteRange(250, 280));
        assertThat(rest(plan.take(Optional.of(new ByteRange(120, 130)), 0).orElseThrow()))
                .isEqualTo(new ByteRange(30, 60));
    }

    @Test
    void givesEveryByteOnceWhateverBreaks() {
        long seed = System.nanoTime();
        System.out.println("seed " + seed);
        Random random = new Random(seed);
        RangePlan plan = new RangePlan(List.of(new ByteRange(5, 1000), new ByteRange(2000, 2500)), 64);
        int[] seen = new int[2500];
        for (Optional<Piece> next = plan.take(wanted(random), 0);
                next.isPresent();
                next = plan.take(wanted(random), 0)) {
            Piece piece = next.get();
            long done = random.nextLong(piece.to() - piece.from() + 1);
            for (long i = piece.from(); i < piece.from() + done; i++) {
                seen[(int) i]++;
            }
            piece.advanceTo(piece.from() + done);
            assertThat(plan.putBack(piece, 1)).isEqualTo(piece.at() == piece.to());
        }
        for (int i = 0; i < seen.length; i++) {
            assertThat(seen[i]).as("byte %s", i).isEqualTo((i >= 5 && i < 1000) || i >= 2000 ? 1 : 0);
        }
    }

    private static Optional<ByteRange> wanted(Random random) {
        long from = random.nextLong(2500);
        return random.nextBoolean() ? Optional.empty() : Optional.of(new ByteRange(from, from + 10));
    }

    @Test
    void aCrawlingPieceSharesHalfOfItsRest() {
        RangePlan plan = new RangePlan(List.of(new ByteRange(0, 64 * MIB)), 32 * MIB);
        Piece slow = plan.take(Optional.empty(), 0).orElseThrow();
        Piece fast = plan.take(Optional.empty(), 0).orElseThrow();
        fast.advanceTo(fast.to());
        plan.putBack(fast, SECOND);
        assertThat(plan.share(SECOND / 2)).as("too early to tell").isEmpty();
        slow.advanceTo(2 * MIB);
        Piece shared = plan.share(2 * SECOND).orElseThrow();
        assertThat(slow.to()).isEqualTo(17 * MIB);
        assertThat(rest(shared)).isEqualTo(new ByteRange(17 * MIB, 32 * MIB));
        slow.advanceTo(16 * MIB);
        assertThat(plan.share(2 * SECOND))
                .as("nothing worth another request, or fast enough")
                .isEmpty();
    }

    @Test
    void aSizeThatBecomesKnownCutsThePlan() {
        RangePlan plan = new RangePlan(List.of(new ByteRange(0, Long.MAX_VALUE)), 16);
        Piece first = plan.take(Optional.empty(), 0).orElseThrow();
        plan.limit(10);
        assertThat(first.to()).isEqualTo(10);
        assertThat(plan.exhausted()).isTrue();
        RangePlan longer = new RangePlan(List.of(new ByteRange(0, Long.MAX_VALUE)), 16);
        longer.take(Optional.empty(), 0);
        longer.limit(40);
        assertThat(longer.pieces()).isEqualTo(2);
    }

    @Test
    void slotsAreBoundedFairAndPreferThoseWhoLead() throws Exception {
        Slots slots = new Slots(1);
        List<String> order = new CopyOnWriteArrayList<>();
        Slots.Slot held = slots.acquire("h", true);
        Thread helper = Thread.ofVirtual().start(() -> take(slots, false, order, "helper"));
        Awaitility.await().until(() -> helper.getState() == Thread.State.WAITING);
        Thread leader = Thread.ofVirtual().start(() -> take(slots, true, order, "leader"));
        Awaitility.await().until(() -> leader.getState() == Thread.State.WAITING);
        Thread gone = Thread.ofVirtual().start(() -> take(slots, true, order, "gone"));
        Awaitility.await().until(() -> gone.getState() == Thread.State.WAITING);
        gone.interrupt();
        gone.join();
        slots.acquire("other", false).close();
        held.close();
        held.close();
        helper.join();
        leader.join();
        assertThat(order).containsExactly("gone interrupted", "leader", "helper");
        assertThat(slots.keys()).isZero();
    }

    private static void take(Slots slots, boolean leads, List<String> order, String name) {
        try (Slots.Slot slot = slots.acquire("h", leads)) {
            order.add(slot == null ? "" : name);
        } catch (InterruptedException e) {
            order.add(name + " interrupted");
        }
    }
}
