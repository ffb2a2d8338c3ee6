package io.slipway.puller.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.slipway.puller.Platform;
import io.slipway.puller.image.Document.BadDocument;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DocumentTest {
    private static final String DESCRIPTOR =
            "{\"mediaType\":\"x/y\",\"size\":3,\"digest\":\"sha256:" + "a".repeat(64) + "\"}";
    private static final String MANIFEST =
            "{\"schemaVersion\":2,\"config\":" + DESCRIPTOR + ",\"layers\":[" + DESCRIPTOR + "]}";

    private static Document parse(String json, String type) throws BadDocument {
        return Document.parse(json.getBytes(StandardCharsets.UTF_8), type);
    }

    @Test
    void readsManifestsIndexesAndArtifacts() throws Exception {
        assertThat(parse(MANIFEST, MediaTypes.OCI_MANIFEST)).isInstanceOf(Document.Manifest.class);
        assertThat(parse(MANIFEST, MediaTypes.DOCKER_MANIFEST + "; charset=utf-8")
                        .mediaType())
                .isEqualTo(MediaTypes.DOCKER_MANIFEST);
        assertThat(parse(MANIFEST, "application/octet-stream; x").mediaType()).isEqualTo(MediaTypes.OCI_MANIFEST);
        assertThat(parse("{\"config\":" + DESCRIPTOR + "}", MediaTypes.OCI_MANIFEST))
                .isInstanceOfSatisfying(
                        Document.Manifest.class, m -> assertThat(m.layers()).isEmpty());
        assertThat(parse("{\"manifests\":[]}", MediaTypes.OCI_INDEX)).isInstanceOf(Document.Index.class);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{\"config\":D,\"layers\":[],\"manifests\":[]} | OCI | both layers and manifests",
                "{\"manifests\":[]} | OCI | does not fit",
                "{\"mediaType\":\"application/vnd.oci.image.index.v1+json\",\"config\":D} | OCI | was served as",
                "{\"schemaVersion\":1,\"fsLayers\":[]} | OCI | schema 1",
                "{\"config\":D,\"layers\":[]} | application/vnd.docker.distribution.manifest.v1+json | schema 1",
                "{\"mediaType\":\"a/b\"} | c/d | neither",
                "[] | OCI | not a JSON object",
                "{\"config\":D,\"config\":D} | OCI | not valid JSON",
                "{\"config\":D} x | OCI | not valid JSON",
                "{\"config\":D,\"layers\":{}} | OCI | not an array",
                "{\"layers\":[]} | OCI | media type",
                "{\"config\":{\"mediaType\":\"a\",\"size\":-1,\"digest\":\"d\"}} | OCI | impossible size",
                "{\"config\":{\"mediaType\":\"a\",\"size\":99999999999999,\"digest\":\"d\"}} | OCI | impossible size",
                "{\"config\":{\"mediaType\":\"a\",\"size\":1.5,\"digest\":\"d\"}} | OCI | no size",
                "{\"config\":{\"mediaType\":\"a\",\"size\":1,\"digest\":\"sha256:zz\"}} | OCI | bad digest",
                "{\"config\":{\"mediaType\":\"a\",\"size\":1,\"digest\":\"../../x\"}} | OCI | bad digest",
            })
    void refusesWhatIsNotClear(String json, String type, String why) {
        String contentType = type.equals("OCI") ? MediaTypes.OCI_MANIFEST : type;
        assertThatThrownBy(() -> parse(json.replace("D", DESCRIPTOR), contentType))
                .isInstanceOf(BadDocument.class)
                .hasMessageContaining(why);
    }

    @Test
    void boundsDepthAndLayers() {
        assertThatThrownBy(() -> parse("{\"x\":" + "[".repeat(5000) + "]".repeat(5000) + "}", MediaTypes.OCI_MANIFEST))
                .isInstanceOf(BadDocument.class);
        String layers = String.join(",", java.util.Collections.nCopies(1025, DESCRIPTOR));
        assertThatThrownBy(() ->
                        parse("{\"config\":" + DESCRIPTOR + ",\"layers\":[" + layers + "]}", MediaTypes.OCI_MANIFEST))
                .hasMessageContaining("1025 layers");
    }

    @ParameterizedTest
    @CsvSource({
        "linux/amd64, 'linux/arm64 linux/amd64 linux/386', linux/amd64",
        "linux/amd64/v3, 'linux/amd64 linux/amd64/v2 linux/amd64/v4', linux/amd64/v2",
        "linux/amd64, 'linux/amd64/v2 linux/386', linux/386",
        "linux/amd64, 'windows/amd64', ''",
        "linux/arm/v7, 'linux/arm/v5 linux/arm/v6 linux/arm64', linux/arm/v6",
        "linux/arm64, 'linux/arm/v7 linux/amd64', linux/arm/v7",
        "linux/arm64, 'linux/arm64/v8', linux/arm64",
        "linux/riscv64, 'linux/riscv64', linux/riscv64",
    })
    void choosesThePlatformThatRuns(String wanted, String offered, String expected) throws Exception {
        List<Document.Entry> entries = new java.util.ArrayList<>();
        for (String platform : offered.split(" ", -1)) {
            entries.add(new Document.Entry(
                    ((Document.Manifest) parse(MANIFEST, MediaTypes.OCI_MANIFEST)).config(),
                    Optional.of(Platform.parse(platform))));
        }
        assertThat(PlatformChoice.best(entries, Platform.parse(wanted))
                        .flatMap(Document.Entry::platform)
                        .map(Platform::toString)
                        .orElse(""))
                .isEqualTo(expected);
    }

    @Test
    void chainIdsFollowTheSpecification() throws Exception {
        var a = io.slipway.cas.Digest.parse("sha256:" + "a".repeat(64));
        assertThat(ImageConfig.chainId(List.of())).isEmpty();
        assertThat(ImageConfig.chainId(List.of(a))).contains(a);
        // sha256("sha256:aa.. sha256:aa..")
        byte[] hash = java.security.MessageDigest.getInstance("SHA-256")
                .digest((a + " " + a).getBytes(StandardCharsets.US_ASCII));
        assertThat(ImageConfig.chainId(List.of(a, a)))
                .contains(io.slipway.cas.Digest.of(io.slipway.cas.Algorithm.SHA256, hash));
    }
}
