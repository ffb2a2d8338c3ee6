package io.slipway.mirror;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.toml.TomlMapper;
import io.slipway.puller.PullRequest;
import io.slipway.puller.PullerObserver;
import io.slipway.puller.hosts.Capability;
import io.slipway.puller.hosts.Endpoint;
import io.slipway.puller.hosts.Hosts;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// The example trees say what they promise, as containerd's rules read them, and the names in them reach the mirror's
/// upstreams as intended.
class CertsExamplesTest {

    private static final Path EXAMPLES = Path.of(System.getProperty("slipway.repo", ".."), "certs.d-examples");
    private static final String MIRROR = "127.0.0.1:5010";

    @TempDir
    Path copy;

    private Hosts hosts(String tree, List<String> own) throws IOException {
        try (Stream<Path> files = Files.walk(EXAMPLES.resolve(tree))) {
            for (Path file : files.toList()) {
                Path target =
                        copy.resolve(EXAMPLES.resolve(tree).relativize(file).toString());
                if (Files.isDirectory(file)) {
                    Files.createDirectories(target);
                } else {
                    Files.copy(file, target);
                }
            }
        }
        Path privateRegistry = copy.resolve("registry.example.com_5000_");
        if (Files.isDirectory(privateRegistry)) {
            try (InputStream ca = CertsExamplesTest.class.getResourceAsStream("/example-ca.crt")) {
                Files.copy(java.util.Objects.requireNonNull(ca), privateRegistry.resolve("ca.crt"));
            }
        }
        return new Hosts(List.of(copy), () -> own, PullerObserver.NONE);
    }

    @ParameterizedTest
    @CsvSource({
        "containerd-docker.io, docker.io, HTTPS, registry-1.docker.io",
        "containerd-everything, quay.io, HTTPS, quay.io",
        "containerd-everything, docker.io, HTTPS, registry-1.docker.io",
        "containerd-private-registry, registry.example.com:5000, HTTPS, registry.example.com:5000",
        "containerd-plain-http, localhost:5000, HTTP, localhost:5000"
    })
    void theMirrorIsAskedFirstWithTheNamespaceAndTheRegistryLast(
            String tree, String registry, Endpoint.Scheme scheme, String server) throws Exception {
        Hosts hosts = hosts(tree, List.of());
        assertThat(hosts.check()).isEmpty();
        List<Endpoint> endpoints = hosts.endpoints(registry, PullRequest.Route.CONFIGURED);
        assertThat(endpoints).hasSize(2);
        Endpoint mirror = endpoints.getFirst();
        assertThat(mirror.authority()).isEqualTo(MIRROR);
        assertThat(mirror.scheme()).isEqualTo(Endpoint.Scheme.HTTP);
        assertThat(mirror.path()).isEqualTo("/v2");
        assertThat(mirror.capabilities()).isEqualTo(Set.of(Capability.PULL, Capability.RESOLVE));
        assertThat(mirror.ns(registry)).isEqualTo(Optional.of(registry));
        assertThat(endpoints.getLast().authority()).isEqualTo(server);
        assertThat(endpoints.getLast().scheme()).isEqualTo(scheme);
        assertThat(endpoints.getLast().can(Capability.PUSH)).isTrue();
    }

    @ParameterizedTest
    @CsvSource({
        "containerd-docker.io, docker.io",
        "containerd-everything, quay.io",
        "containerd-private-registry, registry.example.com:5000",
        "containerd-plain-http, localhost:5000"
    })
    void slipwayReadingTheSameTreeDoesNotAskItself(String tree, String registry) throws Exception {
        assertThat(hosts(tree, List.of(MIRROR)).endpoints(registry, PullRequest.Route.CONFIGURED))
                .hasSize(1)
                .noneMatch(e -> e.authority().equals(MIRROR));
    }

    @Test
    void theDirectoryOfAPrivateRegistryNamesItToTheMirror() throws Exception {
        Hosts named = hosts("containerd-private-registry", List.of());
        assertThat(named.hasOwnDirectory("registry.example.com:5000")).isTrue();
        assertThat(named.hasOwnDirectory("quay.io")).isFalse();
    }

    @Test
    void aDefaultDirectoryNamesNobodyToTheMirror() throws Exception {
        assertThat(hosts("containerd-everything", List.of()).hasOwnDirectory("quay.io"))
                .isFalse();
    }

    @Test
    void withOnlyTheMirrorNothingElseIsAsked() throws Exception {
        assertThat(hosts("containerd-only-mirror", List.of()).endpoints("quay.io", PullRequest.Route.CONFIGURED))
                .allMatch(e -> e.authority().equals(MIRROR))
                .noneMatch(e -> e.can(Capability.PUSH));
    }

    @Test
    void dockersMirrorNeedsTheDefaultUpstreamThatTheExampleSets() throws Exception {
        var daemon = new JsonObject(Files.readString(EXAMPLES.resolve("docker/daemon.json")));
        assertThat(daemon.getJsonArray("registry-mirrors")).containsExactly("http://" + MIRROR);
        JsonNode slipway = new TomlMapper()
                .readTree(EXAMPLES.resolve("docker/slipway.toml").toFile());
        String upstream = slipway.path("mirror").path("default_upstream").asText();
        assertThat(Route.of(
                        "library/alpine",
                        List.of(),
                        MirrorOptions.of(List.of(MIRROR), "n").withDefaultUpstream(upstream)))
                .isEqualTo(new Route.Upstream("docker.io", "library/alpine", false));
    }

    @Test
    void podmansMirrorsPutTheHostIntoThePath() throws Exception {
        JsonNode conf = new TomlMapper()
                .readTree(EXAMPLES.resolve("podman/slipway.conf").toFile());
        assertThat(conf.path("registry")).isNotEmpty().allSatisfy(registry -> {
            JsonNode mirror = registry.path("mirror").path(0);
            String prefix = registry.path("prefix").asText();
            assertThat(mirror.path("location").asText()).isEqualTo(MIRROR + "/" + prefix);
            assertThat(mirror.path("insecure").asBoolean()).isTrue();
            assertThat(Route.of(prefix + "/library/alpine", List.of(), MirrorOptions.of(List.of(MIRROR), "n")))
                    .isEqualTo(new Route.Upstream(prefix, "library/alpine", false));
        });
    }
}
