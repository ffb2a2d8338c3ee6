package io.slipway.runtime.container;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import com.google.protobuf.Timestamp;
import io.slipway.api.services.containers.v1.Container;
import io.slipway.cas.Metadata.Notes;
import io.slipway.linux.Mounts;
import io.slipway.runtime.EventExchange;
import io.slipway.runtime.TestCollector;
import io.slipway.runtime.TestMetadata;
import io.slipway.runtime.TestNamespaces;
import io.slipway.runtime.shim.Bundle;
import io.slipway.runtime.shim.Bundles;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Records of containers from what lies in their bundles.
final class ContainerRebuildTest {
    private static final String NS = "default";
    private static final Path SHIM = Path.of("/usr/bin/containerd-shim-runc-v2");
    private static final ByteString SPEC = ByteString.copyFromUtf8("{ \"ociVersion\" :\"1.0.2\"}");

    private final TestNamespaces namespaces = new TestNamespaces();
    private final List<String> found = new ArrayList<>();
    private final List<String> lost = new ArrayList<>();
    private TestMetadata metadata;
    private Bundles bundles;
    private Containers containers;

    @TempDir
    private Path directory;

    @BeforeEach
    void open() throws Exception {
        metadata = new TestMetadata();
        bundles = new Bundles(directory.resolve("root"), directory.resolve("state"), Mounts.system());
        containers = new Containers(
                metadata,
                namespaces,
                new EventExchange(Clock.systemUTC()),
                new TestCollector(),
                bundles,
                Clock.systemUTC());
    }

    @AfterEach
    void close() {
        metadata.close();
    }

    private static Container record(String id) {
        return Container.newBuilder()
                .setId(id)
                .setImage("registry.example/lab/image:1")
                .setRuntime(Container.Runtime.newBuilder().setName("io.containerd.runc.v2"))
                .setSpec(Any.newBuilder().setTypeUrl("of/spec").setValue(SPEC))
                .setSnapshotter("overlayfs")
                .setSnapshotKey(id)
                .putLabels("l", "v")
                .build();
    }

    private Bundle bundle(String id, byte[] container) throws Exception {
        return bundles.create(NS, id, SPEC.toByteArray(), container, SHIM);
    }

    private void rebuild() throws Exception {
        var notes = new Notes() {
            @Override
            public void found(String what) {
                found.add(what);
            }

            @Override
            public void lost(String what) {
                lost.add(what);
            }
        };
        metadata.write(connection -> {
            new ContainerRebuild(bundles, namespaces, Clock.systemUTC()).run(connection, notes);
            return true;
        });
    }

    @Test
    void theRecordInTheBundleComesBackAsItWas() throws Exception {
        bundle("c1", record("c1").toByteArray());
        rebuild();
        assertThat(containers.get(NS, "c1")).isEqualTo(record("c1"));
        assertThat(found).containsExactly("container c1 (default), as it was when its task was made");
        assertThat(lost).isEmpty();
    }

    @Test
    void aBundleWithoutRecordGivesOneThatCanBeListedAndStopped() throws Exception {
        Files.delete(bundle("old", record("old").toByteArray()).container());
        rebuild();
        Container container = containers.get(NS, "old");
        assertThat(container.getRuntime().getName()).isEqualTo("io.containerd.runc.v2");
        assertThat(container.getSpec().getValue()).isEqualTo(SPEC);
        assertThat(container.getSnapshotKey()).isEmpty();
        assertThat(found).containsExactly("container old (default), without image, snapshot and labels");
    }

    @Test
    void whatTheDatabaseKnowsIsLeftAlone() throws Exception {
        containers.create(NS, record("c1"));
        Container before = containers.get(NS, "c1");
        bundle("c1", record("c1").toBuilder().setImage("another").build().toByteArray());
        rebuild();
        assertThat(containers.get(NS, "c1")).isEqualTo(before);
        assertThat(found).isEmpty();
    }

    @Test
    void aContainerThatWasMadeAnewSinceIsTheOneOfTheBundle() throws Exception {
        containers.create(NS, record("c1"));
        Container later = record("c1").toBuilder()
                .setImage("another")
                .setUpdatedAt(Timestamp.newBuilder()
                        .setSeconds(Clock.systemUTC().instant().getEpochSecond() + 60))
                .build();
        bundle("c1", later.toByteArray());
        rebuild();
        assertThat(containers.get(NS, "c1")).isEqualTo(later);
    }

    @Test
    void aRecordOfAnotherContainerIsNotTaken() throws Exception {
        bundle("c1", record("c2").toByteArray());
        rebuild();
        assertThat(containers.get(NS, "c1").getImage()).isEmpty();
        assertThat(containers.find(NS, "c2")).isEmpty();
    }

    @Test
    void aRecordThatDoesNotParseIsListedAndHarmsNoOther() throws Exception {
        bundle("bad", new byte[] {(byte) 0xff, 1, 2});
        bundle("good", record("good").toByteArray());
        rebuild();
        assertThat(lost).singleElement().asString().startsWith("container bad (default): ");
        assertThat(containers.find(NS, "good")).isPresent();
    }
}
