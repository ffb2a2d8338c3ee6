package io.slipway.daemon.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class TextTest {
    @ParameterizedTest
    @CsvSource({"0,0 B", "999,999 B", "1000,1.0 kB", "1549,1.5 kB", "99949,100 kB", "999999,1.0 MB", "1400000000,1.4 GB"
    })
    void sizesAreShort(long bytes, String text) {
        assertThat(Text.bytes(bytes)).isEqualTo(text);
    }

    @ParameterizedTest
    @CsvSource({"1,1 second ago", "119,119 seconds ago", "7199,119 minutes ago", "90000,25 hours ago", "-5,now"})
    void agesUseTheirLargestUnit(long seconds, String text) {
        assertThat(Text.ago(Duration.ofSeconds(seconds))).isEqualTo(text);
    }

    @Test
    void controlCharactersDoNotReachTheTerminal() {
        assertThat(Text.oneLine("a\r\n\u001b[2Jb\tc")).isEqualTo("a [2Jb c");
    }

    @Test
    void tablesAreAligned() {
        assertThat(Text.table(List.of(List.of("A", "B"), List.of("long", "x")))).isEqualTo("A      B\nlong   x\n");
    }

    @Test
    void aFailureIsOneLine() {
        CommandFailed failed = new CommandFailed(ExitCode.FAILED, "x", "went\nwrong", "do this");
        assertThat(failed.line("rm")).isEqualTo("slipway: rm x: went wrong; do this");
    }
}
