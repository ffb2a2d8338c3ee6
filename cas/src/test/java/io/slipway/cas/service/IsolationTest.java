package io.slipway.cas.service;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.slipway.api.services.content.v1.WriteAction;
import io.slipway.api.services.content.v1.WriteContentRequest;
import io.slipway.api.services.content.v1.WriteContentResponse;
import io.slipway.cas.GcLabels;
import io.slipway.cas.SharingPolicy;
import io.slipway.cas.testkit.Bytes;
import io.slipway.cas.testkit.TestCas;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// What a namespace gets of a blob that only another one has brought (containerd-semantics 7).
@Timeout(60)
@SuppressWarnings("NullAway.Init")
final class IsolationTest {

    private static final byte[] BODY = Bytes.random(1, 50_000);
    private static final String OWNER = "owner";
    private static final String OTHER = "other";

    @TempDir
    private Path root;

    private TestCas open(SharingPolicy sharing, Map<String, String> ownerLabels) throws Exception {
        var store = new TestCas(root, options -> options.withSharing(sharing));
        var _ = store.cas().namespaces().create(OWNER, ownerLabels);
        var _ = store.add(OWNER, BODY, Map.of(GcLabels.ROOT, "1"), Optional.empty());
        return store;
    }

    /// Where a writer of that blob stands at first, then sends what is missing and commits.
    private static long write(TestCas store, String namespace) throws Exception {
        var stream = new WriteStream(
                store.cas().blobs(), store.cas().contents(), store.cas().ingests(), namespace, Optional.empty());
        var replies = new ArrayList<WriteContentResponse>();
        var messages = new ArrayList<>(List.of(message(WriteAction.STAT)));
        stream.run(
                () -> {
                    if (replies.size() == 1) {
                        long at = replies.getFirst().getOffset();
                        messages.add(message(WriteAction.COMMIT)
                                .setOffset(at)
                                .setData(ByteString.copyFrom(BODY, (int) at, BODY.length - (int) at)));
                    }
                    return replies.size() < messages.size()
                            ? Optional.of(messages.get(replies.size()).build())
                            : Optional.empty();
                },
                replies::add);
        assertThat(store.cas().contents().info(namespace, Bytes.digest(BODY))).isPresent();
        return replies.getFirst().getOffset();
    }

    private static WriteContentRequest.Builder message(WriteAction action) {
        return WriteContentRequest.newBuilder()
                .setAction(action)
                .setRef("a ref")
                .setTotal(BODY.length)
                .setExpected(Bytes.digest(BODY).toString());
    }

    @Test
    void sharedContentNeedNotBeSentAgain() throws Exception {
        try (var store = open(SharingPolicy.SHARED, Map.of())) {
            assertThat(write(store, OTHER)).isEqualTo(BODY.length);
        }
    }

    @Test
    void isolatedContentHasToBeSentWhole() throws Exception {
        try (var store = open(SharingPolicy.ISOLATED, Map.of())) {
            assertThat(write(store, OTHER)).isZero();
        }
    }

    @Test
    void aShareableNamespaceGivesToIsolatedOnes() throws Exception {
        try (var store = open(SharingPolicy.ISOLATED, Map.of("containerd.io/namespace.shareable", "true"))) {
            assertThat(write(store, OTHER)).isEqualTo(BODY.length);
        }
    }

    @Test
    void aLabelThatSaysAnythingElseSharesNothing() throws Exception {
        try (var store = open(SharingPolicy.ISOLATED, Map.of("containerd.io/namespace.shareable", "yes"))) {
            assertThat(write(store, OTHER)).isZero();
        }
    }

    @Test
    void bothHaveOneCopyAndEachItsOwnView() throws Exception {
        try (var store = open(SharingPolicy.ISOLATED, Map.of())) {
            var _ = write(store, OTHER);
            store.cas().contents().delete(OWNER, Bytes.digest(BODY));
            var _ = store.cas().collector().collect();
            assertThat(store.cas().contents().info(OWNER, Bytes.digest(BODY))).isEmpty();
            assertThat(store.cas().contents().isOpenTo(OWNER, Bytes.digest(BODY)))
                    .isFalse();
        }
    }
}
