package io.slipway.linux;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class ByteTextTest {
    private static String of(String latin1) {
        return ByteText.of(latin1.getBytes(StandardCharsets.ISO_8859_1), 300);
    }

    private static String utf8(String text) {
        return ByteText.of(text.getBytes(StandardCharsets.UTF_8), 300);
    }

    @Test
    void ordinaryNamesStayAsTheyAre() {
        assertThat(of("usr/lib/a b~")).isEqualTo("usr/lib/a b~");
        assertThat(utf8("größe/日本")).isEqualTo("größe/日本");
    }

    @Test
    void whatATerminalWouldActOnIsShownAsEscapes() {
        assertThat(of("\033[2J\007\r\n\t\177")).isEqualTo("\\u{1b}[2J\\u{7}\\u{d}\\u{a}\\u{9}\\u{7f}");
        assertThat(utf8("\u009b31m\u2028\u202e\u200f")).isEqualTo("\\u{9b}31m\\u{2028}\\u{202e}\\u{200f}");
        assertThat(of("\\u{1b}")).isEqualTo("\\\\u{1b}");
    }

    @Test
    void bytesOfNoEncodingAreReplacedAndLongNamesCut() {
        assertThat(of("bad\377utf")).isEqualTo("bad\uFFFDutf");
        assertThat(ByteText.of("abcdef".getBytes(StandardCharsets.US_ASCII), 3)).isEqualTo("abc...");
        assertThat(ByteText.of("\nbcdef".getBytes(StandardCharsets.US_ASCII), 2))
                .isEqualTo("\\u{a}b...");
    }
}
