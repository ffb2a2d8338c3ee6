package io.slipway.cas.file;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.BitSet;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class RangeSetTest {

    private static final int WIDTH = 64;

    @Test
    void agreesWithAPlainSetOfPositions() {
        long seed = new Random().nextLong();
        System.out.println("seed " + seed);
        var random = new Random(seed);
        for (int round = 0; round < 200; round++) {
            var set = new RangeSet();
            var model = new BitSet(WIDTH);
            for (int step = 0; step < 40; step++) {
                int from = random.nextInt(WIDTH);
                int to = from + random.nextInt(WIDTH - from + 1);
                set.add(from, to);
                model.set(from, to);
                assertSame(set, model, random);
            }
        }
    }

    private static void assertSame(RangeSet set, BitSet model, Random random) {
        assertThat(set.total()).isEqualTo(model.cardinality());
        assertThat(set.end()).isEqualTo(model.length());
        int position = random.nextInt(WIDTH);
        assertThat(set.coveredTo(position)).isEqualTo(model.get(position) ? model.nextClearBit(position) : position);
        var gaps = new BitSet(WIDTH);
        set.gaps(0, WIDTH).forEach(gap -> gaps.set((int) gap.from(), (int) gap.to()));
        var expected = (BitSet) model.clone();
        expected.flip(0, WIDTH);
        assertThat(gaps).isEqualTo(expected);
        for (int i = 1; i < set.ranges().size(); i++) {
            assertThat(set.ranges().get(i).from())
                    .isGreaterThan(set.ranges().get(i - 1).to());
        }
    }
}
