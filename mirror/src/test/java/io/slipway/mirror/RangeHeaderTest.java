package io.slipway.mirror;

import static org.assertj.core.api.Assertions.assertThat;

import io.slipway.mirror.RangeHeader.Selection;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RangeHeaderTest {

    private static final String ETAG = "\"sha256:ab\"";

    @ParameterizedTest
    @CsvSource({
        "bytes=0-0, 0, 1",
        "bytes=0-, 0, 100",
        "bytes=10-19, 10, 20",
        "bytes=99-, 99, 100",
        "bytes=90-500, 90, 100",
        "bytes=-1, 99, 100",
        "bytes=-100, 0, 100",
        "bytes=-500, 0, 100",
        "BYTES=1-2, 1, 3",
        "bytes=0-99999999999999999999999999, 0, 100",
        "bytes=0000000000000000000000000000001-2, 1, 3"
    })
    void aSingleRangeIsCutToTheSize(String header, long from, long to) {
        assertThat(RangeHeader.select(header, "", ETAG, 100)).isEqualTo(new Selection.Part(from, to));
    }

    @ParameterizedTest
    @ValueSource(strings = {"bytes=100-", "bytes=100-200", "bytes=-0", "bytes=5-4", "bytes=99999999999999999999-"})
    void aRangeWithoutAByteIsUnsatisfiable(String header) {
        assertThat(RangeHeader.select(header, "", ETAG, 100)).isEqualTo(new Selection.Unsatisfiable());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "bytes",
                "bytes=",
                "bytes=-",
                "bytes=a-b",
                "items=0-1",
                "bytes=0-1,2-3",
                "bytes= 0-1",
                "0-1",
                "bytes=1-2-3"
            })
    void otherUnitsSyntaxErrorsAndSeveralRangesGetTheWhole(String header) {
        assertThat(RangeHeader.select(header, "", ETAG, 100)).isEqualTo(new Selection.Whole());
    }

    @Test
    void ifRangeThatIsNotTheTagGetsTheWhole() {
        assertThat(RangeHeader.select("bytes=1-2", ETAG, ETAG, 100)).isEqualTo(new Selection.Part(1, 3));
        assertThat(RangeHeader.select("bytes=1-2", "\"other\"", ETAG, 100)).isEqualTo(new Selection.Whole());
        assertThat(RangeHeader.select("bytes=1-2", "W/" + ETAG, ETAG, 100)).isEqualTo(new Selection.Whole());
        assertThat(RangeHeader.select("bytes=1-2", "Fri, 20 Nov 2026 00:00:00 GMT", ETAG, 100))
                .isEqualTo(new Selection.Whole());
    }

    @Test
    void anEmptyBlobHasNoRange() {
        assertThat(RangeHeader.select("bytes=0-", "", ETAG, 0)).isEqualTo(new Selection.Unsatisfiable());
        assertThat(RangeHeader.select("bytes=-5", "", ETAG, 0)).isEqualTo(new Selection.Unsatisfiable());
        assertThat(RangeHeader.select("", "", ETAG, 0)).isEqualTo(new Selection.Whole());
    }
}
