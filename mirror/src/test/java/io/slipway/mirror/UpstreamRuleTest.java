package io.slipway.mirror;

import static io.slipway.mirror.UpstreamRule.Reach.ANYWHERE;
import static io.slipway.mirror.UpstreamRule.Reach.NOWHERE;
import static io.slipway.mirror.UpstreamRule.Reach.PUBLIC_ADDRESSES;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class UpstreamRuleTest {

    @Test
    void aNamedHostMayBeAnywhereAndTheStarOnlyAtPublicAddresses() {
        var rule = new UpstreamRule(List.of("*", "registry.internal:5000"), _ -> false);
        assertThat(rule.reach("registry.internal:5000")).isEqualTo(ANYWHERE);
        assertThat(rule.reach("registry.internal")).isEqualTo(PUBLIC_ADDRESSES);
        assertThat(rule.reach("docker.io")).isEqualTo(PUBLIC_ADDRESSES);
    }

    @Test
    void withoutStarEverythingElseIsNowhere() {
        var rule = new UpstreamRule(List.of("docker.io"), _ -> false);
        assertThat(rule.reach("docker.io")).isEqualTo(ANYWHERE);
        assertThat(rule.reach("quay.io")).isEqualTo(NOWHERE);
        assertThat(rule.reach("docker.io:443")).isEqualTo(NOWHERE);
    }

    @Test
    void aSuffixCoversItsSubdomainsWithAnyPortAndNotItself() {
        var rule = new UpstreamRule(List.of("*.corp.example"), _ -> false);
        assertThat(rule.reach("reg.corp.example")).isEqualTo(ANYWHERE);
        assertThat(rule.reach("a.b.corp.example:5000")).isEqualTo(ANYWHERE);
        assertThat(rule.reach("corp.example")).isEqualTo(NOWHERE);
        assertThat(rule.reach("evilcorp.example")).isEqualTo(NOWHERE);
    }

    @Test
    void aSuffixWithPortCoversThatPortOnly() {
        var rule = new UpstreamRule(List.of("*.corp.example:5000"), _ -> false);
        assertThat(rule.reach("reg.corp.example:5000")).isEqualTo(ANYWHERE);
        assertThat(rule.reach("reg.corp.example")).isEqualTo(NOWHERE);
        assertThat(rule.reach("reg.corp.example:5001")).isEqualTo(NOWHERE);
    }

    @Test
    void aDirectoryOfItsOwnNamesAHost() {
        var rule = new UpstreamRule(List.of(), h -> h.equals("reg.lan:5000"));
        assertThat(rule.reach("reg.lan:5000")).isEqualTo(ANYWHERE);
        assertThat(rule.reach("reg.lan")).isEqualTo(NOWHERE);
    }

    @Test
    void entriesAreComparedInLowerCase() {
        assertThat(new UpstreamRule(List.of("Registry.Example"), _ -> false).reach("registry.example"))
                .isEqualTo(ANYWHERE);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "*x", "*.", "http://x", "x/y", "a b", "**"})
    void aMalformedEntryIsNamed(String entry) {
        assertThatThrownBy(() -> new UpstreamRule(List.of(entry), _ -> false))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("[mirror] upstreams")
                .hasMessageContaining("\"" + entry + "\"");
    }
}
