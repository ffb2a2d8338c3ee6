package io.slipway.puller.hosts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.slipway.puller.PullRequest.Route;
import io.slipway.puller.PullerObserver;
import io.slipway.puller.RegistryException;
import io.slipway.puller.hosts.Endpoint.Scheme;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class HostsTest {
    private static final String PEM = "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n";
    private static final String KEY = "-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----\n";

    @TempDir
    Path root;

    private final List<Path> ignored = new ArrayList<>();
    private List<String> own = List.of();

    private List<Endpoint> endpoints(String registry) throws RegistryException {
        return hosts(root).endpoints(registry, Route.CONFIGURED);
    }

    private Hosts hosts(Path... roots) {
        return new Hosts(List.of(roots), () -> own, new PullerObserver() {
            @Override
            public void hostsFileIgnored(Path file) {
                ignored.add(file);
            }
        });
    }

    private void write(String path, String text) throws IOException {
        Path file = root.resolve(path);
        Files.createDirectories(file.getParent());
        Files.writeString(file, text);
    }

    private static List<String> urls(List<Endpoint> endpoints) {
        return endpoints.stream()
                .map(e -> e.scheme() + " " + e.authority() + e.path())
                .toList();
    }

    @Test
    void listsMirrorsInOrderOfTheirHeadersAndServerLast() throws Exception {
        write("docker.io/hosts.toml", """
                server = "https://up.example"
                [host."https://z.example"]
                [host.'http://a.example/prefix']
                  capabilities = ["pull"]
                  [host.'http://a.example/prefix'.header]
                    x-a = "1"
                [ host . "m.example:8443" ]
                """);
        List<Endpoint> found = endpoints("docker.io");
        assertThat(urls(found))
                .containsExactly(
                        "HTTPS z.example/v2",
                        "HTTP a.example/prefix/v2",
                        "HTTPS m.example:8443/v2",
                        "HTTPS up.example/v2");
        assertThat(found.get(1).can(Capability.PULL)).isTrue();
        assertThat(found.get(1).can(Capability.RESOLVE)).isFalse();
        assertThat(found.get(1).headers()).isEqualTo(Map.of("x-a", List.of("1")));
        assertThat(found.get(0).can(Capability.PUSH)).isTrue();
    }

    @Test
    void onlyRealTableHeadersCount() throws Exception {
        write("r.example/hosts.toml", """
                # [host."https://comment.example"]
                note = '''
                [host."https://string.example"]
                '''
                list = [
                  "x", # ]
                  "[host.y]",
                ]
                inline = { a = "[host.z]" }
                host."https://dotted.example".skip_verify = true
                """);
        assertThat(urls(endpoints("r.example"))).containsExactly("HTTPS r.example/v2");
        assertThat(ignored).isEmpty();
        write("s.example/hosts.toml", """
                [host."https://one.example"]
                [host."https://two.example"]
                [host."https://one.example".header]
                  x = ["1", "2"]
                [host."https://three.example".header]
                  y = "3"
                """);
        assertThat(urls(endpoints("s.example")))
                .containsExactly(
                        "HTTPS one.example/v2", "HTTPS two.example/v2", "HTTPS three.example/v2", "HTTPS s.example/v2");
    }

    @ParameterizedTest
    @CsvSource({
        "https://h.example, false, HTTPS h.example/v2",
        "https://h.example/, false, HTTPS h.example/v2",
        "https://h.example/v2, false, HTTPS h.example/v2",
        "https://h.example/v2/, false, HTTPS h.example/v2",
        "https://h.example/a//b/../c, false, HTTPS h.example/a/c/v2",
        "https://h.example, true, HTTPS h.example",
        "https://h.example/a/b, true, HTTPS h.example/a/b",
        "h.example:5000, false, HTTPS h.example:5000/v2",
        "http://[::1]:5000, false, HTTP [::1]:5000/v2",
    })
    void normalisesUrls(String url, boolean override, String expected) throws Exception {
        write("r.example/hosts.toml", "server = \"" + url + "\"\noverride_path = " + override + "\n");
        assertThat(urls(endpoints("r.example"))).containsExactly(expected);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "server = ",
                "server = 1",
                "[host.\"https://a\"]\ncapabilities = [\"pull\", \"fly\"]",
                "capabilities = \"pull\"",
                "skip_verify = \"yes\"",
                "ca = 1",
                "client = 1",
                "client = [1]",
                "client = [[\"a\", \"b\", \"c\"]]",
                "header = 1",
                "[header]\nx = 1",
                "[header]\n\"bad name\" = \"1\"",
                "[header]\nx = \"a\\r\\nb\"",
                "dial_timeout = \"fast\"",
                "dial_timeout = 5",
                "server = \"https://\"",
                "server = \"https://user:secret@h\"",
                "server = \"httpx://h\"",
                "host = 1",
                "server = \"a\"\nserver = \"b\"",
            })
    void ignoresAFileThatDoesNotParseAndSaysSo(String text) throws Exception {
        write("r.example/hosts.toml", text);
        assertThat(urls(endpoints("r.example"))).containsExactly("HTTPS r.example/v2");
        assertThat(ignored).containsExactly(root.resolve("r.example/hosts.toml"));
        assertThat(hosts(root).check()).singleElement().asString().contains("r.example/hosts.toml: ");
    }

    @Test
    void unknownKeysAreIgnored() throws Exception {
        write("r.example/hosts.toml", "server = \"https://s.example\"\nfuture = 1\n[other]\nx = 1\n");
        assertThat(urls(endpoints("r.example"))).containsExactly("HTTPS s.example/v2");
    }

    @Test
    void withoutServerUpstreamIsLastWithAllCapabilities() throws Exception {
        write("docker.io/hosts.toml", "capabilities = [\"pull\"]\ndial_timeout = \"1m0.5s\"\n[header]\na = \"b\"\n");
        Endpoint last = endpoints("docker.io").getLast();
        assertThat(last.authority()).isEqualTo("registry-1.docker.io");
        assertThat(last.can(Capability.RESOLVE)).isTrue();
        assertThat(last.dialTimeout()).contains(Duration.ofMillis(60_500));
        assertThat(last.headers()).containsKey("a");
        write("r.example/hosts.toml", "server = \"https://r.example\"\ncapabilities = [\"Pull\"]\n");
        assertThat(endpoints("r.example").getLast().can(Capability.RESOLVE)).isFalse();
        write("e.example/hosts.toml", "server = \"https://r.example\"\ncapabilities = []\n");
        assertThat(endpoints("e.example").getLast().can(Capability.RESOLVE)).isTrue();
    }

    @Test
    void httpWithTlsSettingsIsTriedWithTlsFirstExceptOnPort80() throws Exception {
        write("r.example/hosts.toml", """
                server = "http://s.example"
                skip_verify = true
                [host."http://a.example:80"]
                skip_verify = true
                [host."http://b.example"]
                [host."https://c.example"]
                skip_verify = true
                """);
        assertThat(urls(endpoints("r.example")))
                .containsExactly(
                        "HTTP a.example:80/v2",
                        "HTTP b.example/v2",
                        "HTTPS c.example/v2",
                        "HTTPS_THEN_HTTP s.example/v2");
    }

    @Test
    void theFirstDirectoryThatExistsWins() throws Exception {
        write("_default/hosts.toml", "server = \"https://default.example\"");
        write("h_5000_/hosts.toml", "server = \"https://escaped.example\"");
        write("h:5000/hosts.toml", "server = \"https://colon.example\"");
        Files.createDirectories(root.resolve("empty.example"));
        assertThat(urls(endpoints("h:5000"))).containsExactly("HTTPS escaped.example/v2");
        assertThat(urls(endpoints("h"))).containsExactly("HTTPS default.example/v2");
        assertThat(urls(endpoints("empty.example"))).containsExactly("HTTPS empty.example/v2");
        Files.delete(root.resolve("h_5000_/hosts.toml"));
        Files.delete(root.resolve("h_5000_"));
        assertThat(urls(endpoints("h:5000"))).containsExactly("HTTPS colon.example/v2");
        assertThat(hosts(root).hasOwnDirectory("h:5000")).isTrue();
        assertThat(hosts(root).hasOwnDirectory("other")).isFalse();
    }

    @Test
    void rootsAreTriedCompletelyOneAfterTheOther() throws Exception {
        write("one/_default/hosts.toml", "server = \"https://one.example\"");
        write("two/r.example/hosts.toml", "server = \"https://two.example\"");
        assertThat(urls(hosts(root.resolve("absent"), root.resolve("one"), root.resolve("two"))
                        .endpoints("r.example", Route.CONFIGURED)))
                .containsExactly("HTTPS one.example/v2");
        Route asked =
                new Route(Optional.of(root.resolve("none") + ":" + root.resolve("two")), Optional.empty(), Map.of());
        assertThat(urls(hosts(root.resolve("one")).endpoints("r.example", asked)))
                .containsExactly("HTTPS two.example/v2");
    }

    @ParameterizedTest
    @CsvSource({
        "docker.io, HTTPS, registry-1.docker.io, false",
        "r.example, HTTPS, r.example, false",
        "localhost:5000, HTTPS_THEN_HTTP, localhost:5000, true",
        "localhost, HTTPS_THEN_HTTP, localhost, true",
        "127.3.4.5:5000, HTTPS_THEN_HTTP, 127.3.4.5:5000, true",
        "[::1]:5000, HTTPS_THEN_HTTP, [::1]:5000, true",
        "localhost:80, HTTP, localhost:80, true",
        "localhost.example:5000, HTTPS, localhost.example:5000, false",
        "10.0.0.1:5000, HTTPS, 10.0.0.1:5000, false",
    })
    void withoutAnyFileThePlainHttpRuleDecides(String registry, Scheme scheme, String authority, boolean skips)
            throws Exception {
        Endpoint only = endpoints(registry).getFirst();
        assertThat(only.scheme()).isEqualTo(scheme);
        assertThat(only.authority()).isEqualTo(authority);
        assertThat(only.tls().skipVerify()).isEqualTo(skips);
        Endpoint plain = hosts(root).endpoints(registry, Route.plainHttp()).getFirst();
        assertThat(plain.scheme()).isEqualTo(registry.equals("docker.io") ? Scheme.HTTPS : Scheme.HTTP);
    }

    @Test
    void certificatesAreReadRelativeToTheFile() throws Exception {
        write("r.example/ca.crt", PEM + PEM);
        write("r.example/c.pem", PEM + KEY);
        write("r.example/c.cert", PEM);
        write("r.example/c.key", KEY);
        write("r.example/hosts.toml", """
                server = "https://r.example"
                ca = ["ca.crt"]
                client = [["c.cert", "c.key"], ["c.pem"]]
                """);
        TlsIdentity tls = endpoints("r.example").getFirst().tls();
        assertThat(tls.authorities()).hasSize(2);
        assertThat(tls.clients()).hasSize(2);
        assertThat(tls.toString()).doesNotContain("PRIVATE");
        write("r.example/hosts.toml", "client = \"c.pem\"\n");
        assertThat(endpoints("r.example").getFirst().tls().clients()).hasSize(1);
        write("r.example/hosts.toml", "client = [\"c.pem\", \"c.pem\"]\n");
        assertThat(endpoints("r.example").getFirst().tls().clients()).hasSize(2);
    }

    @Test
    void aMissingCertificateFailsThePull() throws Exception {
        write("r.example/hosts.toml", "ca = \"absent.crt\"");
        assertThatThrownBy(() -> endpoints("r.example"))
                .isInstanceOfSatisfying(
                        RegistryException.class,
                        e -> assertThat(e.code()).isEqualTo(RegistryException.Code.CONFIGURATION))
                .hasMessageContaining("absent.crt");
    }

    @Test
    void dockerStyleFilesApplyWithoutAUsableHostsToml() throws Exception {
        write("r.example/ca.crt", PEM);
        write("r.example/c.cert", PEM);
        write("r.example/c.key", KEY);
        write("r.example/d.cert", PEM + KEY);
        write("r.example/hosts.toml", "");
        TlsIdentity tls = endpoints("r.example").getFirst().tls();
        assertThat(tls.authorities()).hasSize(1);
        assertThat(tls.clients()).hasSize(2);
        write("r.example/hosts.toml", "server = \"https://r.example\"");
        assertThat(endpoints("r.example").getFirst().tls()).isEqualTo(TlsIdentity.SYSTEM);
        write("r.example/hosts.toml", "broken");
        assertThat(endpoints("r.example").getFirst().tls().authorities()).hasSize(1);
    }

    @Test
    void ourOwnMirrorIsSkipped() throws Exception {
        own = List.of("127.0.0.1:5010", "0.0.0.0:5011", "[::1]:5012");
        write("_default/hosts.toml", """
                [host."http://127.0.0.1:5010"]
                [host."http://localhost:5010"]
                [host."http://127.0.0.1:5011"]
                [host."http://[::1]:5012"]
                [host."http://127.0.0.1:5013"]
                """);
        assertThat(urls(endpoints("r.example"))).containsExactly("HTTP 127.0.0.1:5013/v2", "HTTPS r.example/v2");
        write("pinned.example/hosts.toml", "server = \"http://127.0.0.1:5010\"");
        assertThat(endpoints("pinned.example")).isEmpty();
    }

    @Test
    void nsIsTheNamespaceForProxiesOnly() throws Exception {
        assertThat(endpoints("docker.io").getFirst().ns("docker.io")).isEmpty();
        assertThat(endpoints("r.example").getFirst().ns("r.example")).isEmpty();
        assertThat(endpoints("r.example").getFirst().ns("r.example:443")).contains("r.example:443");
        assertThat(endpoints("r.example").getFirst().ns("docker.io")).contains("docker.io");
    }
}
