package io.slipway.runtime.container;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import com.google.protobuf.Timestamp;
import io.slipway.api.events.ContainerCreate;
import io.slipway.api.events.ContainerDelete;
import io.slipway.api.events.ContainerUpdate;
import io.slipway.api.services.containers.v1.Container;
import io.slipway.api.types.Envelope;
import io.slipway.cas.ApiException;
import io.slipway.cas.GcNode;
import io.slipway.cas.GcRoots;
import io.slipway.linux.Mounts;
import io.slipway.runtime.EventExchange;
import io.slipway.runtime.EventSubscription;
import io.slipway.runtime.TestCollector;
import io.slipway.runtime.TestMetadata;
import io.slipway.runtime.TestNamespaces;
import io.slipway.runtime.shim.Bundles;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ContainersTest {
    private static final Instant NOW = Instant.parse("2026-11-20T10:00:00.000000007Z");

    private final TestNamespaces namespaces = new TestNamespaces();
    private final TestCollector collector = new TestCollector();
    private final EventExchange events = new EventExchange(Clock.systemUTC());
    private TestMetadata metadata;

    @TempDir
    private Path directory;

    private Containers containers;

    @BeforeEach
    void open() throws Exception {
        metadata = new TestMetadata();
        containers = new Containers(
                metadata,
                namespaces,
                events,
                collector,
                new Bundles(directory, directory, Mounts.system()),
                Clock.fixed(NOW, ZoneOffset.UTC));
    }

    @AfterEach
    void close() {
        metadata.close();
    }

    private static Container.Builder container(String id) {
        return Container.newBuilder()
                .setId(id)
                .setImage("image-of-" + id)
                .setRuntime(Container.Runtime.newBuilder()
                        .setName("io.containerd.runc.v2")
                        .setOptions(Any.newBuilder()
                                .setTypeUrl("unknown.Options")
                                .setValue(ByteString.copyFrom(new byte[] {0, -1, 7}))))
                .setSpec(Any.newBuilder()
                        .setTypeUrl("types.containerd.io/opencontainers/runtime-spec/1/Spec")
                        .setValue(ByteString.copyFromUtf8("{ \"odd\" :  1 }")))
                .putLabels("l.x/y", "v-" + id)
                .putExtensions(
                        "ext",
                        Any.newBuilder()
                                .setTypeUrl("a/b")
                                .setValue(ByteString.copyFromUtf8("\u0000"))
                                .build());
    }

    private List<String> ids(String namespace, String... filters) throws Exception {
        List<String> ids = new ArrayList<>();
        containers.list(namespace, List.of(filters), container -> ids.add(container.getId()));
        return ids;
    }

    @Test
    void aRecordComesBackByteForByteWithOurTimes() throws Exception {
        Timestamp theirs = Timestamp.newBuilder().setSeconds(5).build();
        containers.create("default", container("c1").setCreatedAt(theirs).build());
        Container stored = containers.get("default", "c1");
        assertThat(stored.getCreatedAt().getSeconds()).isEqualTo(NOW.getEpochSecond());
        assertThat(stored.getCreatedAt().getNanos()).isEqualTo(7);
        assertThat(stored.toBuilder().clearCreatedAt().clearUpdatedAt().build())
                .isEqualTo(container("c1").build());
        assertThat(namespaces.ensured).containsExactly("default");
    }

    @Test
    void aNameIsTakenPerNamespace() throws Exception {
        containers.create("default", container("c1").build());
        containers.create("other", container("c1").build());
        assertThatThrownBy(() -> containers.create("default", container("c1").build()))
                .isInstanceOfSatisfying(ApiException.class, e -> {
                    assertThat(e.code()).isEqualTo(ApiException.Code.ALREADY_EXISTS);
                    assertThat(e).hasMessage("container \"c1\" in namespace \"default\": already exists");
                });
        assertThat(containers.counts()).containsEntry("default", 1L).containsEntry("other", 1L);
    }

    @Test
    void whatIsNotThereIsNotFound() {
        for (var call : List.<org.assertj.core.api.ThrowableAssert.ThrowingCallable>of(
                () -> containers.get("default", "c1"),
                () -> containers.delete("default", "c1"),
                () -> containers.update("default", container("c1").build(), List.of("image")))) {
            assertThatThrownBy(call).isInstanceOfSatisfying(ApiException.class, e -> {
                assertThat(e.code()).isEqualTo(ApiException.Code.NOT_FOUND);
                assertThat(e).hasMessage("container \"c1\" in namespace \"default\": not found");
            });
        }
        assertThatThrownBy(() -> containers.update("default", Container.getDefaultInstance(), List.of()))
                .hasMessageContaining("Container.ID required");
    }

    @Test
    void aListIsOrderedByIdFilteredAndReadInPages() throws Exception {
        for (int i = 199; i >= 0; i--) {
            containers.create("default", container("c%03d".formatted(i)).build());
        }
        assertThat(ids("default")).hasSize(200).isSorted();
        assertThat(ids("none")).isEmpty();
        assertThat(ids("default", "id==c007")).containsExactly("c007");
        assertThat(ids("default", "image==image-of-c150", "labels.\"l.x/y\"==v-c001"))
                .containsExactly("c001", "c150");
        assertThat(ids("default", "runtime.name==io.containerd.runc.v2,id~=c19"))
                .hasSize(10);
        assertThatThrownBy(() -> ids("default", "id=="))
                .isInstanceOfSatisfying(
                        ApiException.class, e -> assertThat(e.code()).isEqualTo(ApiException.Code.INVALID_ARGUMENT));
    }

    @Test
    void anUpdateKeepsWhatItDoesNotName() throws Exception {
        containers.create("default", container("c1").build());
        Container after = containers.update(
                "default",
                Container.newBuilder()
                        .setId("c1")
                        .putLabels("l.x/y", "")
                        .setImage("other")
                        .build(),
                List.of("labels.l.x/y"));
        assertThat(after.getLabelsMap()).isEmpty();
        assertThat(after.getImage()).isEqualTo("image-of-c1");
        assertThat(containers.get("default", "c1")).isEqualTo(after);
    }

    @Test
    void eachChangeIsPublishedAfterItIsDurable() throws Exception {
        try (EventSubscription subscription = events.subscribe(List.of())) {
            containers.create("default", container("c1").build());
            containers.update(
                    "default",
                    container("c1")
                            .setSnapshotter("overlayfs")
                            .setSnapshotKey("k")
                            .setImage("i2")
                            .build(),
                    List.of("image"));
            containers.delete("default", "c1");
            Envelope create = subscription.take();
            assertThat(create.getTopic()).isEqualTo("/containers/create");
            ContainerCreate created =
                    ContainerCreate.parseFrom(create.getEvent().getValue());
            assertThat(created.getImage()).isEqualTo("image-of-c1");
            assertThat(created.getRuntime().getOptions().getTypeUrl()).isEqualTo("unknown.Options");
            Envelope update = subscription.take();
            assertThat(update.getTopic()).isEqualTo("/containers/update");
            assertThat(ContainerUpdate.parseFrom(update.getEvent().getValue()).getImage())
                    .isEqualTo("i2");
            Envelope delete = subscription.take();
            assertThat(delete.getTopic()).isEqualTo("/containers/delete");
            assertThat(ContainerDelete.parseFrom(delete.getEvent().getValue()).getId())
                    .isEqualTo("c1");
            assertThat(collector.scheduled).hasValue(1);
        }
    }

    @Test
    void aContainerIsARootThatKeepsItsSnapshotAndWhatItsLabelsName() throws Exception {
        containers.create(
                "default",
                container("c1")
                        .setSnapshotter("overlayfs")
                        .setSnapshotKey("c1-rootfs")
                        .putLabels("containerd.io/gc.ref.content.x", "sha256:00")
                        .build());
        containers.create("default", container("c2").build());
        GcRoots roots = collector.parts.getFirst();
        List<GcNode> found = new ArrayList<>();
        List<GcNode> references = new ArrayList<>();
        List<GcNode> withoutLabels = new ArrayList<>();
        metadata.read(connection -> {
            roots.roots(connection, found::add);
            for (GcNode node : found) {
                roots.references(connection, node, true, references::add);
                roots.references(connection, node, false, withoutLabels::add);
            }
            assertThat(roots.holds(connection, "default")).containsExactly("containers");
            assertThat(roots.holds(connection, "empty")).isEmpty();
            return 0;
        });
        assertThat(found).hasSize(2).allMatch(node -> roots.owns(node.type()));
        GcNode snapshot = GcNode.snapshot("default", "overlayfs", "c1-rootfs");
        assertThat(references).containsExactlyInAnyOrder(snapshot, GcNode.content("default", "sha256:00"));
        assertThat(withoutLabels).containsExactly(snapshot);
    }
}
