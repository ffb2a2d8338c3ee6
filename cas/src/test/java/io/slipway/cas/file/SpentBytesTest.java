package io.slipway.cas.file;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class SpentBytesTest {
    private static final long MIB = 1 << 20;

    private final List<String> forgotten = new ArrayList<>();
    private final SpentBytes bytes = new SpentBytes((from, to) -> forgotten.add(from / MIB + "-" + to / MIB));
    private final Object reader = new Object();

    @Test
    void forgetsInStepsAndGivesEachASecondChance() {
        bytes.readBy(reader);
        for (long at = MIB; at <= 30 * MIB; at += MIB) {
            bytes.spent(reader, at);
        }
        assertThat(forgotten).containsExactly("0-8", "0-16", "8-24");
    }

    @Test
    void keepsEverythingOnceThereIsASecondReader() {
        bytes.readBy(reader);
        bytes.spent(reader, 8 * MIB);
        bytes.readBy(new Object());
        bytes.spent(reader, 64 * MIB);
        assertThat(forgotten).containsExactly("0-8");
    }

    @Test
    void heedsNobodyWhoDoesNotRead() {
        bytes.spent(reader, 64 * MIB);
        bytes.readBy(new Object());
        bytes.spent(reader, 64 * MIB);
        assertThat(forgotten).isEmpty();
    }
}
