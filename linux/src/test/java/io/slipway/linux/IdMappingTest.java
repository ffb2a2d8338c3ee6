package io.slipway.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class IdMappingTest {
    @Test
    void readsListsOfRanges() {
        IdMapping mapping = IdMapping.parse("0:100000:10,10:5:1", "0:7:1");
        assertThat(mapping.uids()).containsExactly(new IdMapping.Range(0, 100_000, 10), new IdMapping.Range(10, 5, 1));
        assertThat(mapping.uidText()).isEqualTo("0:100000:10,10:5:1");
        assertThat(mapping.gidText()).isEqualTo("0:7:1");
        assertThat(mapping.rootUser()).isEqualTo(100_000);
        assertThat(mapping.rootGroup()).isEqualTo(7);
        assertThat(mapping.inverted()).isEqualTo(IdMapping.parse("100000:0:10,5:10:1", "7:0:1"));
    }

    @Test
    void mapsEveryIdThereIs() {
        assertThat(IdMapping.parse("0:0:4294967295", "0:1:4294967294").rootGroup())
                .isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "0",
                "0:1",
                "0:1:2:3",
                "a:1:2",
                "-1:1:2",
                "0:1:0",
                " 0:1:2",
                "0:1:2,",
                "0:1:2;3:4:5",
                "0:1:4294967295",
                "4294967295:1:1",
                "0:99999999999:1",
                "0:1:5,4:100:1",
                "0:1:5,10:5:1"
            })
    void refusesWhatTheKernelWouldNotTakeNamingIt(String text) {
        assertThatThrownBy(() -> IdMapping.parse(text, "0:0:1"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("user id mapping \"" + text + "\" ");
        assertThatThrownBy(() -> IdMapping.parse("0:0:1", text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("group id mapping \"" + text + "\" ");
    }

    @Test
    void refusesMoreRangesThanTheKernelTakes() {
        String most = IntStream.range(0, 340).mapToObj(i -> i + ":" + i + ":1").collect(Collectors.joining(","));
        assertThat(IdMapping.parse(most, "0:0:1").uids()).hasSize(340);
        assertThatThrownBy(() -> IdMapping.parse(most + ",340:340:1", "0:0:1"))
                .hasMessageContaining("340")
                .hasMessageContaining("...");
    }

    @Test
    void saysThatRootIsNotMapped() {
        IdMapping mapping = IdMapping.parse("1:1:1", "0:0:1");
        assertThatThrownBy(mapping::rootUser).hasMessageContaining("1:1:1");
    }
}
