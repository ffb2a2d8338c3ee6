package io.slipway.mirror;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RouteTest {

    private static final MirrorOptions OPTIONS = MirrorOptions.of(List.of("127.0.0.1:0"), "n1");

    @Test
    void theNamespaceParameterDecidesFirst() {
        assertThat(Route.of("ghcr.io/a/b", List.of("quay.io"), OPTIONS))
                .isEqualTo(new Route.Upstream("quay.io", "ghcr.io/a/b", true));
        assertThat(Route.of("a/b", List.of("Registry.Example:5000"), OPTIONS))
                .isEqualTo(new Route.Upstream("registry.example:5000", "a/b", true));
    }

    @Test
    void aFirstComponentThatLooksLikeAHostIsOne() {
        assertThat(Route.of("ghcr.io/a/b", List.of(), OPTIONS)).isEqualTo(new Route.Upstream("ghcr.io", "a/b", false));
        assertThat(Route.of("localhost/a", List.of(), OPTIONS)).isEqualTo(new Route.Upstream("localhost", "a", false));
        assertThat(Route.of("reg:5000/a", List.of(), OPTIONS)).isEqualTo(new Route.Upstream("reg:5000", "a", false));
        assertThat(Route.of("[::1]:5000/a", List.of(), OPTIONS))
                .isEqualTo(new Route.Upstream("[::1]:5000", "a", false));
    }

    @Test
    void aNameWithoutHostIsLocalOrGoesToTheDefaultUpstreamOrNowhere() {
        assertThat(Route.of("library/x", List.of(), OPTIONS)).isEqualTo(new Route.Local("library/x"));
        assertThat(Route.of("library/x", List.of(), OPTIONS.withDefaultUpstream("docker.io")))
                .isEqualTo(new Route.Upstream("docker.io", "library/x", false));
        assertThat(Route.of("library/x", List.of(), OPTIONS.withLocal(false))).isEqualTo(new Route.Nowhere());
    }

    @Test
    void aSingleComponentOfDockerHubIsInItsLibrary() {
        assertThat(Route.of("alpine", List.of(), OPTIONS.withDefaultUpstream("docker.io")))
                .isEqualTo(new Route.Upstream("docker.io", "library/alpine", false));
        assertThat(Route.of("docker.io/alpine", List.of(), OPTIONS))
                .isEqualTo(new Route.Upstream("docker.io", "library/alpine", false));
        assertThat(Route.of("quay.io/alpine", List.of(), OPTIONS))
                .isEqualTo(new Route.Upstream("quay.io", "alpine", false));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"Upper", "a_/b", "-a", "a..b", "a/", "/a", "a//b", "a/../b", "quay.io/", "quay.io/A", "a:b/"})
    void namesOutsideTheGrammarAreMalformed(String name) {
        assertThat(Route.of(name, List.of(), OPTIONS)).isInstanceOf(Route.Malformed.class);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "a b",
                "http://x",
                "x/y",
                "x:0",
                "x:99999",
                "user@x",
                "-x",
                "x-",
                "[::1",
                "::1",
                "..",
                "x..y",
                "x:"
            })
    void hostsOutsideTheGrammarAreMalformed(String host) {
        assertThat(Route.of("a/b", List.of(host), OPTIONS)).isInstanceOf(Route.Malformed.class);
    }

    @Test
    void aNameLongerThanClientsAllowIsMalformed() {
        assertThat(Route.of("a".repeat(250), List.of("quay.io"), OPTIONS)).isInstanceOf(Route.Malformed.class);
        assertThat(Route.of("a".repeat(247), List.of("quay.io"), OPTIONS)).isInstanceOf(Route.Upstream.class);
    }

    @Test
    void twoDifferentNamespacesAreMalformed() {
        assertThat(Route.of("a", List.of("x.example", "y.example"), OPTIONS)).isInstanceOf(Route.Malformed.class);
        assertThat(Route.of("a", List.of("x.example", "x.example"), OPTIONS)).isInstanceOf(Route.Upstream.class);
    }
}
