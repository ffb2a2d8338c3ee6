package io.slipway.puller.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.slipway.puller.Credential;
import io.slipway.puller.http.HttpUrl;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RegistryRulesTest {
    @Test
    void readsChallengesOfAllShapes() {
        List<Challenge> read = Challenge.parse(List.of(
                "Bearer realm=\"https://a/t\",service=\"s, t\" , scope=\"repository:x:pull\\\"\", error=invalid_token,"
                        + " Basic realm=x",
                "Negotiate"));
        assertThat(read).hasSize(3);
        assertThat(read.get(0).scheme()).isEqualTo("bearer");
        assertThat(read.get(0).parameters())
                .containsEntry("realm", "https://a/t")
                .containsEntry("service", "s, t")
                .containsEntry("scope", "repository:x:pull\"")
                .containsEntry("error", "invalid_token");
        assertThat(read.get(1).scheme()).isEqualTo("basic");
        assertThat(read.get(2)).isEqualTo(new Challenge("negotiate", Map.of()));
    }

    @Test
    void survivesHostileChallenges() {
        for (String hostile : List.of(
                "",
                ",,,,",
                "=",
                "Bearer",
                "Bearer realm=\"",
                "Bearer =x",
                "\"\"\"",
                "Bearer realm=\"a\\",
                "x".repeat(9000))) {
            assertThat(Challenge.parse(List.of(hostile)).size()).isLessThan(3);
        }
        assertThat(Challenge.parse(List.of("A,B,C,D,E,F,G,H,I,J,K"))).hasSize(8);
    }

    @ParameterizedTest
    @CsvSource({
        "registry-1.docker.io, docker.io",
        "auth.docker.io, docker.io",
        "a.b.co.uk, b.co.uk",
        "co.uk, ''",
        "com, ''",
        "x.github.io, x.github.io",
        "github.io, ''",
        "www.ck, www.ck",
        "a.foo.ck, a.foo.ck",
        "foo.ck, ''",
        "10.0.0.1, ''",
        "localhost, ''",
    })
    void knowsRegistrableDomains(String host, String domain) {
        assertThat(PublicSuffixes.ofJdk().registrable(host).orElse("")).isEqualTo(domain);
    }

    @ParameterizedTest
    @CsvSource({
        "https://registry-1.docker.io/v2/, https://auth.docker.io/token, true",
        "https://registry-1.docker.io/v2/, http://auth.docker.io/token, false",
        "https://registry-1.docker.io/v2/, https://auth.evil.io/token, false",
        "https://a.co.uk/v2/, https://b.co.uk/token, false",
        "https://a.github.io/v2/, https://b.github.io/token, false",
        "https://r.example:5000/v2/, https://r.example:5001/token, true",
        "https://r.example/v2/, http://r.example/token, false",
        "http://127.0.0.1:5000/v2/, http://127.0.0.1:5001/token, true",
        "http://127.0.0.1:5000/v2/, http://localhost:5001/token, true",
        "https://r.example/v2/, http://127.0.0.1/token, false",
        "http://127.0.0.1:5000/v2/, https://r.example/token, false",
        "https://listed.example/v2/, https://elsewhere.example/token, true",
        "https://10.0.0.1/v2/, https://10.0.0.2/token, false",
    })
    void credentialsReachOnlyTrustedRealms(String registry, String realm, boolean allowed) throws Exception {
        RealmRule rule = new RealmRule(PublicSuffixes.ofJdk(), Map.of("listed.example", Set.of("elsewhere.example")));
        HttpUrl url = HttpUrl.parse(registry, "test");
        assertThat(rule.allows(url, url.authority(), HttpUrl.parse(realm, "test")))
                .isEqualTo(allowed);
    }

    @Test
    void readsDockersConfig(@TempDir Path dir) throws Exception {
        Path file = dir.resolve("config.json");
        DockerConfig config = new DockerConfig(file);
        assertThat(config.find("r.example", "", List.of())).isEmpty();
        Files.writeString(file, """
                {"auths": {
                  "https://index.docker.io/v1/": {"auth": "aHViOnB3Og=="},
                  "r.example:5000": {"username": "u", "password": "p"},
                  "t.example": {"identitytoken": "tok"},
                  "e.example": {}
                }, "credsStore": "none"}
                """);
        assertThat(config.find("registry-1.docker.io", "", List.of())).contains(new Credential.Basic("hub", "pw:"));
        assertThat(config.find("r.example:5000", "", List.of())).contains(new Credential.Basic("u", "p"));
        assertThat(config.find("r.example", "", List.of())).isEmpty();
        assertThat(config.find("t.example", "", List.of())).contains(new Credential.Refresh("tok"));
        assertThat(config.find("e.example", "", List.of())).isEmpty();
        Files.writeString(file, "{\"auths\": secret");
        assertThatThrownBy(() -> config.find("x", "", List.of()))
                .isInstanceOf(IOException.class)
                .message()
                .doesNotContain("secret");
    }

    @Test
    void scopeIdsTellCredentialsApartWithoutTellingThem() {
        Principal principal = new Principal(new byte[32]);
        String one = principal.scopeId("r", new Credential.Basic("ab", "c"));
        assertThat(one)
                .isEqualTo(principal.scopeId("r", new Credential.Basic("ab", "c")))
                .isNotEqualTo(principal.scopeId("r", new Credential.Basic("a", "bc")))
                .isNotEqualTo(principal.scopeId("s", new Credential.Basic("ab", "c")))
                .hasSize(32);
        assertThat(new Credential.Basic("u", "geheim").toString()).doesNotContain("geheim");
    }
}
