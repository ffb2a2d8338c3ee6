package io.slipway.runtime.container;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import io.slipway.api.services.containers.v1.Container;
import io.slipway.cas.ApiException;
import java.util.List;
import org.junit.jupiter.api.Test;

final class ContainerRulesTest {
    private static Any any(String type, String value) {
        return Any.newBuilder()
                .setTypeUrl(type)
                .setValue(ByteString.copyFromUtf8(value))
                .build();
    }

    private static Container.Builder valid() {
        return Container.newBuilder()
                .setId("c1")
                .setImage("docker.io/library/a:1")
                .setRuntime(Container.Runtime.newBuilder().setName("io.containerd.runc.v2"))
                .setSpec(any("types.containerd.io/opencontainers/runtime-spec/1/Spec", "{}"))
                .putLabels("keep", "1")
                .putLabels("x.y/z", "2")
                .putExtensions("e", any("who.knows", "\u0001"));
    }

    private static void assertRefused(Container.Builder container, String text) {
        assertThatThrownBy(() -> ContainerRules.check("create", container.build()))
                .isInstanceOfSatisfying(ApiException.class, e -> {
                    assertThat(e.code()).isEqualTo(ApiException.Code.INVALID_ARGUMENT);
                    assertThat(e)
                            .hasMessageStartingWith("create container failed validation: " + text)
                            .hasMessageEndingWith(": invalid argument");
                });
    }

    @Test
    void eachRuleIsCheckedInOrder() {
        assertRefused(Container.newBuilder(), "container.ID: identifier must not be empty");
        assertRefused(valid().setId("../x"), "container.ID: identifier \"../x\" must match");
        assertRefused(valid().putExtensions("", any("t", "v")), "extension keys can not be zero-length");
        assertRefused(
                valid().putLabels("k".repeat(4000), "v".repeat(97)),
                "label key and value greater than maximum size (4096 bytes), key: ");
        assertRefused(valid().clearRuntime(), "container.Runtime.Name must be set");
        assertRefused(valid().clearSpec(), "container.Spec must be set");
        assertRefused(valid().setSnapshotKey("k"), "container.Snapshotter must be set if container.SnapshotKey is set");
        assertThat(ContainerRules.check("create", valid().build())).isEqualTo(valid().build());
    }

    @Test
    void aLabelPathSetsOneLabelAndAnEmptyValueTakesItAway() {
        Container stored = valid().build();
        Container wanted = Container.newBuilder()
                .setId("c1")
                .putLabels("x.y/z", "3")
                .putLabels("other", "ignored")
                .build();
        Container after = ContainerRules.update(stored, wanted, List.of("labels.x.y/z", "labels.keep"));
        assertThat(after.getLabelsMap()).containsOnly(java.util.Map.entry("x.y/z", "3"));
        assertThat(after.getSpec()).isEqualTo(stored.getSpec());
    }

    @Test
    void anExtensionPathSetsOneExtensionAndAnAbsentOneTakesItAway() {
        Container stored = valid().build();
        Container wanted = Container.newBuilder()
                .setId("c1")
                .putExtensions("new.one", any("t", "v"))
                .build();
        Container after = ContainerRules.update(stored, wanted, List.of("extensions.new.one", "extensions.e"));
        assertThat(after.getExtensionsMap()).containsOnlyKeys("new.one");
    }

    @Test
    void theOtherPathsReplaceOneField() {
        Container stored = valid().build();
        Container wanted = Container.newBuilder()
                .setId("c1")
                .setImage("b")
                .setSpec(any("t", "{\"a\":1}"))
                .setSnapshotter("overlayfs")
                .setSnapshotKey("k2")
                .build();
        assertThat(ContainerRules.update(stored, wanted, List.of("image")).getImage())
                .isEqualTo("b");
        assertThat(ContainerRules.update(stored, wanted, List.of("spec")).getSpec())
                .isEqualTo(wanted.getSpec());
        assertThatThrownBy(() -> ContainerRules.update(stored, wanted, List.of("snapshotkey")))
                .hasMessageContaining("container.Snapshotter must be set");
        assertThatThrownBy(() -> ContainerRules.update(stored, wanted, List.of("snapshotter")))
                .hasMessage("cannot update \"snapshotter\" field on \"c1\": invalid argument");
    }

    @Test
    void withoutAMaskEverythingMutableIsReplacedAndTheRestMustNotDiffer() {
        Container stored = valid().build();
        Container wanted = valid().clearLabels().setImage("c").clearExtensions().build();
        Container after = ContainerRules.update(stored, wanted, List.of());
        assertThat(after.getLabelsMap()).isEmpty();
        assertThat(after.getExtensionsMap()).isEmpty();
        assertThat(after.getImage()).isEqualTo("c");
        assertThatThrownBy(() ->
                        ContainerRules.update(stored, valid().clearRuntime().build(), List.of()))
                .hasMessage("container.Runtime.Name field is immutable: invalid argument");
        assertThatThrownBy(() -> ContainerRules.update(
                        stored, valid().setSnapshotter("native").build(), List.of()))
                .hasMessage("container.Snapshotter field is immutable: invalid argument");
    }
}
