package io.slipway.mirror;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RegistryPathTest {

    private static final String DIGEST = "sha256:" + "ab".repeat(32);

    @Test
    void bothSpellingsOfTheBaseAreTheBase() {
        assertThat(RegistryPath.parse("/v2/")).isEqualTo(new Target.Base());
        assertThat(RegistryPath.parse("/v2")).isEqualTo(new Target.Base());
    }

    @Test
    void everyEndpointIsRecognised() {
        assertThat(RegistryPath.parse("/v2/library/x/manifests/1.0"))
                .isEqualTo(new Target.Manifest("library/x", "1.0"));
        assertThat(RegistryPath.parse("/v2/x/blobs/" + DIGEST)).isEqualTo(new Target.Blob("x", DIGEST));
        assertThat(RegistryPath.parse("/v2/x/blobs/uploads/")).isEqualTo(new Target.Upload("x", ""));
        assertThat(RegistryPath.parse("/v2/x/blobs/uploads/7-b")).isEqualTo(new Target.Upload("x", "7-b"));
        assertThat(RegistryPath.parse("/v2/x/tags/list")).isEqualTo(new Target.Tags("x"));
        assertThat(RegistryPath.parse("/v2/x/referrers/" + DIGEST)).isEqualTo(new Target.Referrers("x", DIGEST));
        assertThat(RegistryPath.parse("/v2/_catalog")).isEqualTo(new Target.Catalog());
    }

    @Test
    void theLastKeywordDecidesWhenTheNameContainsOthers() {
        assertThat(RegistryPath.parse("/v2/a/manifests/b/manifests/c"))
                .isEqualTo(new Target.Manifest("a/manifests/b", "c"));
        assertThat(RegistryPath.parse("/v2/blobs/uploads/manifests/c"))
                .isEqualTo(new Target.Manifest("blobs/uploads", "c"));
        assertThat(RegistryPath.parse("/v2/x/blobs/uploads/tags/list")).isEqualTo(new Target.Tags("x/blobs/uploads"));
        assertThat(RegistryPath.parse("/v2/tags/tags/list")).isEqualTo(new Target.Tags("tags"));
    }

    @Test
    void anEncodedColonIsAColon() {
        assertThat(RegistryPath.parse("/v2/x/blobs/sha256%3A" + "ab".repeat(32)))
                .isEqualTo(new Target.Blob("x", DIGEST));
        assertThat(RegistryPath.parse("/v2/h%3a5000/x/tags/list")).isEqualTo(new Target.Tags("h:5000/x"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "/",
                "/v1/x/manifests/1",
                "/v2x",
                "/v2//x/manifests/1",
                "/v2/x//manifests/1",
                "/v2/x/manifests/",
                "/v2/x/../y/manifests/1",
                "/v2/x/./manifests/1",
                "/v2/x/%2e%2e/y/manifests/1",
                "/v2/x/%2E/manifests/1",
                "/v2/x%2Fy/manifests/1",
                "/v2/x%2fy/manifests/1",
                "/v2/x%252Fy/manifests/1",
                "/v2/x%5cy/manifests/1",
                "/v2/x\\y/manifests/1",
                "/v2/x/manifests/%",
                "/v2/x/manifests/%4",
                "/v2/x/manifests/%zz",
                "/v2/x/manifests/a%00b",
                "/v2/x/manifests/a%0d%0ab",
                "/v2/x/manifests/\u00e9",
                "/v2/manifests/1",
                "/v2/tags/list",
                "/v2/x/tags/other",
                "/v2/x/uploads/1",
                "/v2/x",
                "/v2/x/y/z"
            })
    void everythingElseIsUnknown(String path) {
        assertThat(RegistryPath.parse(path)).isEqualTo(new Target.Unknown());
    }

    @Test
    void aPathBeyondTheBoundIsUnknown() {
        assertThat(RegistryPath.parse("/v2/" + "a/".repeat(RegistryPath.MAX_LENGTH) + "manifests/1"))
                .isEqualTo(new Target.Unknown());
    }

    @Test
    void noInputMakesItThrowAndNoNameHasAnEmptyOrDottedComponent() {
        long seed = System.nanoTime();
        var random = new Random(seed);
        String[] pieces = {
            "/", "v2", "manifests", "blobs", "uploads", "tags", "list", "..", ".", "%", "%3A", "%2F", "a", ":", "é"
        };
        for (int i = 0; i < 20_000; i++) {
            var path = new StringBuilder("/v2/");
            for (int n = random.nextInt(12); n > 0; n--) {
                path.append(pieces[random.nextInt(pieces.length)]);
            }
            String name = switch (RegistryPath.parse(path.toString())) {
                case Target.Manifest(String n, String r) -> n + "/" + r;
                case Target.Blob(String n, String d) -> n + "/" + d;
                case Target.Tags(String n) -> n;
                case Target.Referrers(String n, String d) -> n + "/" + d;
                case Target.Upload(String n, String id) -> id.isEmpty() ? n : n + "/" + id;
                case Target.Base(), Target.Catalog(), Target.Unknown() -> "x";
            };
            assertThat(name.split("/", -1)).as("seed %d, %s", seed, path).doesNotContain("", ".", "..");
        }
    }
}
