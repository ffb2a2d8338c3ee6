package io.slipway.cas.filter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.slipway.cas.ApiException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class FilterTest {

    private static final Map<String, String> LABELS =
            Map.of("foo", "true", "a.b", "c", "x.y/z", "quoted \"value\"", "empty", "", "path", "/a|b");

    private static final Fields OBJECT = path -> switch (path.getFirst()) {
        case "name" -> Fields.text("docker.io/library/a:1", path);
        case "none" -> Fields.text("", path);
        case "labels" -> Fields.inMap(LABELS, path);
        default -> Optional.empty();
    };

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            quoteCharacter = '`',
            value = {
                // presence
                "name; true",
                "none; false",
                "unknown; false",
                "labels; false",
                "labels.foo; true",
                "labels.empty; true",
                "labels.bar; false",
                "name.more; false",
                // equality
                "name==docker.io/library/a:1; true",
                "name==\"docker.io/library/a:1\"; true",
                "name==docker.io/library/a; false",
                "name==DOCKER.io/library/a:1; false",
                "none==\"\"; false",
                "labels.empty==\"\"; true",
                // inequality is also true of what is absent
                "name!=x; true",
                "name!=docker.io/library/a:1; false",
                "unknown!=x; true",
                "labels.bar!=\"\"; true",
                // regular expressions: unanchored, need presence
                "name~=library; true",
                "name~=^library; false",
                "name~=\"^docker\\\\.io/.*:[0-9]$\"; true",
                "name~=/^docker.io\\/library/; true",
                "name~=|library/a|; true",
                "labels.path~=|a\\|b|; true",
                "unknown~=.*; false",
                "labels.empty~=.*; true",
                // map keys
                "labels.a.b==c; true",
                "labels.\"a.b\"==c; true",
                "labels.\"x.y/z\"==\"quoted \\\"value\\\"\"; true",
                "labels.\"x.y/z\"~=value; true",
                "labels.\"x.y\\x2fz\"; true",
                "labels.\"\\u0066oo\"; true",
                "labels.\"\\146oo\"==true; true",
                // conjunction, with space before tokens
                "name~=library,labels.foo==true; true",
                "name~=library, labels.foo==false; false",
                "`  name == docker.io/library/a:1`; true",
                "name~=library,labels.bar; false",
            })
    void decides(String filter, boolean expected) {
        assertThat(Filter.parse(List.of(filter)).matches(OBJECT)).as(filter).isEqualTo(expected);
    }

    @Test
    void entriesAreAlternativesAndNoneIsEverything() {
        assertThat(Filter.parse(List.of()).matches(OBJECT)).isTrue();
        assertThat(Filter.parse(List.of("")).matches(OBJECT)).isTrue();
        assertThat(Filter.parse(List.of("unknown", "")).matches(OBJECT)).isTrue();
        assertThat(Filter.parse(List.of("unknown", "name")).matches(OBJECT)).isTrue();
        assertThat(Filter.parse(List.of("unknown", "none")).matches(OBJECT)).isFalse();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "name==",
                "name==a ,none==b",
                "name=a",
                "==a",
                "name==a,",
                ",name",
                "name.",
                ".name",
                "name==\"a",
                "name~=/a",
                "name=='a b'",
                "name~=(",
                "name==\"\\q\"",
                "name==\"\\x4\"",
                "labels.x/y==a",
                "name a",
            })
    void refusesWhatItCannotRead(String filter) {
        assertThatThrownBy(() -> Filter.parse(List.of(filter)))
                .isInstanceOfSatisfying(
                        ApiException.class, e -> assertThat(e.code()).isEqualTo(ApiException.Code.INVALID_ARGUMENT))
                .hasMessageStartingWith("filters: parse error: [")
                .hasMessageEndingWith(": invalid argument");
    }

    @Test
    void anExpressionThatBacktracksForeverIsRefused() {
        var filter = Filter.parse(List.of("name~=\"a.*a.*a.*a.*a.*a.*b\""));
        Fields hostile = _ -> Optional.of("a".repeat(400));
        assertThatThrownBy(() -> filter.matches(hostile))
                .isInstanceOf(ApiException.class)
                .hasMessageContaining("takes too long");
    }
}
