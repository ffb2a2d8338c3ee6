package io.slipway.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import com.google.protobuf.Timestamp;
import io.slipway.api.events.ContainerUpdate;
import io.slipway.api.events.TaskCreate;
import io.slipway.api.events.TaskExit;
import io.slipway.api.events.TaskIO;
import io.slipway.api.types.Envelope;
import io.slipway.cas.ApiException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class EventExchangeTest {
    private static final Instant NOW = Instant.parse("2026-11-20T10:00:00.123456789Z");
    private static final Duration SOON = Duration.ofSeconds(5);

    private final EventExchange exchange = new EventExchange(Clock.fixed(NOW, ZoneOffset.UTC));

    private static TaskExit exit(String container) {
        return TaskExit.newBuilder()
                .setContainerId(container)
                .setId(container)
                .setExitStatus(7)
                .build();
    }

    @Test
    void aSubscriberGetsWhatIsPublishedAfterItCameWithTimeAndBareTypeName() throws Exception {
        exchange.publish("default", "/tasks/exit", exit("before"));
        try (EventSubscription subscription = exchange.subscribe(List.of())) {
            exchange.publish("default", "/tasks/exit", exit("a"));
            Envelope envelope = subscription.take();
            assertThat(envelope.getNamespace()).isEqualTo("default");
            assertThat(envelope.getTopic()).isEqualTo("/tasks/exit");
            assertThat(envelope.getTimestamp().getSeconds()).isEqualTo(NOW.getEpochSecond());
            assertThat(envelope.getTimestamp().getNanos()).isEqualTo(NOW.getNano());
            assertThat(envelope.getEvent().getTypeUrl()).isEqualTo("containerd.events.TaskExit");
            assertThat(TaskExit.parseFrom(envelope.getEvent().getValue())).isEqualTo(exit("a"));
            assertThat(subscription.poll(Duration.ZERO)).isEmpty();
        }
    }

    @Test
    void anEnvelopeIsForwardedUnchanged() throws Exception {
        Envelope envelope = Envelope.newBuilder()
                .setTimestamp(Timestamp.newBuilder().setSeconds(1))
                .setNamespace("k8s.io")
                .setTopic("/tasks/oom")
                .setEvent(Any.newBuilder().setTypeUrl("who.knows").setValue(ByteString.copyFromUtf8("\u0001raw")))
                .build();
        try (EventSubscription subscription = exchange.subscribe(List.of())) {
            exchange.forward(envelope);
            assertThat(subscription.take()).isEqualTo(envelope);
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "topic==/tasks/exit                          | exit",
                "namespace==other                            | create update",
                "event.container_id==one                     | exit",
                "event.io.stdout==/out                       | create",
                "event.labels.a.b==yes                       | update",
                "event.io.terminal==true                     | create",
                "event.exit_status==7                        | ''", // numbers cannot be asked for
                "topic~=\"^/tasks/\",namespace==other        | create",
                "event.nothing                               | ''",
            })
    void filtersSeeNamespaceTopicAndTheFieldsOfTheEvent(String filter, String expected) throws Exception {
        try (EventSubscription subscription = exchange.subscribe(List.of(filter))) {
            exchange.publish("default", "/tasks/exit", exit("one"));
            exchange.publish(
                    "other",
                    "/tasks/create",
                    TaskCreate.newBuilder()
                            .setContainerId("two")
                            .setIo(TaskIO.newBuilder().setStdout("/out").setTerminal(true))
                            .build());
            exchange.publish(
                    "other",
                    "/containers/update",
                    ContainerUpdate.newBuilder()
                            .setId("three")
                            .putLabels("a.b", "yes")
                            .build());
            List<String> seen = new ArrayList<>();
            while (true) {
                var envelope = subscription.poll(Duration.ZERO);
                if (envelope.isEmpty()) {
                    break;
                }
                String topic = envelope.get().getTopic();
                seen.add(topic.substring(topic.lastIndexOf('/') + 1));
            }
            assertThat(String.join(" ", seen)).isEqualTo(expected);
        }
    }

    @Test
    void aFilterThatDoesNotParseIsRefused() {
        assertThatThrownBy(() -> exchange.subscribe(List.of("topic==")))
                .isInstanceOfSatisfying(
                        ApiException.class, e -> assertThat(e.code()).isEqualTo(ApiException.Code.INVALID_ARGUMENT));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "default | x            | envelope topic \"x\": must start with '/': invalid argument",
                "default | ''           | envelope topic \"\": must not be empty: invalid argument",
                "default | /            | envelope topic \"/\": must have at least one component: invalid argument",
                "default | /a//b        | envelope topic \"/a//b\": failed validation",
                "''      | /tasks/exit  | event envelope has invalid namespace",
            })
    void aMalformedEnvelopeIsRefused(String namespace, String topic, String text) {
        assertThatThrownBy(() -> exchange.publish(
                        namespace, topic, Any.newBuilder().setTypeUrl("t").build()))
                .isInstanceOfSatisfying(ApiException.class, e -> {
                    assertThat(e.code()).isEqualTo(ApiException.Code.INVALID_ARGUMENT);
                    assertThat(e).hasMessageStartingWith(text);
                });
    }

    @Test
    void anEnvelopeWithoutTimeOrEventIsRefused() {
        Envelope.Builder envelope =
                Envelope.newBuilder().setNamespace("default").setTopic("/a");
        assertThatThrownBy(() -> exchange.forward(envelope.build())).hasMessageContaining("timestamp must be set");
        envelope.setTimestamp(Timestamp.newBuilder().setSeconds(1));
        assertThatThrownBy(() -> exchange.forward(envelope.build())).hasMessageContaining("event must be set");
    }

    @Test
    void aSubscriberThatFallsBehindIsCutOffAndToldSoWhileOthersGoOn() throws Exception {
        try (EventSubscription slow = exchange.subscribe(List.of());
                EventSubscription quick = exchange.subscribe(List.of())) {
            for (int i = 0; i <= EventSubscription.QUEUE_MAX; i++) {
                exchange.publish("default", "/tasks/exit", exit("a"));
                assertThat(quick.poll(SOON)).isPresent();
            }
            assertThatThrownBy(slow::take)
                    .isInstanceOfSatisfying(
                            ApiException.class,
                            e -> assertThat(e.code()).isEqualTo(ApiException.Code.RESOURCE_EXHAUSTED));
        }
    }

    @Test
    void aSubscriberThatHoldsTooManyBytesIsCutOff() {
        Any large = Any.newBuilder()
                .setTypeUrl("t")
                .setValue(ByteString.copyFrom(new byte[1 << 20]))
                .build();
        try (EventSubscription slow = exchange.subscribe(List.of())) {
            for (int i = 0; i < 9; i++) {
                exchange.publish("default", "/a", large);
            }
            assertThatThrownBy(slow::take).hasMessageContaining("fell behind");
        }
    }

    @Test
    void thereIsABoundOnSubscribersAndAClosedOneMakesRoom() {
        List<EventSubscription> subscriptions = new ArrayList<>();
        for (int i = 0; i < EventExchange.SUBSCRIBERS_MAX; i++) {
            subscriptions.add(exchange.subscribe(List.of()));
        }
        assertThatThrownBy(() -> exchange.subscribe(List.of())).hasMessageContaining("too many event subscribers");
        subscriptions.getFirst().close();
        exchange.subscribe(List.of()).close();
    }

    @Test
    void closingTheExchangeWakesItsSubscribers() {
        EventSubscription subscription = exchange.subscribe(List.of());
        CompletableFuture<Throwable> outcome = new CompletableFuture<>();
        Thread.ofVirtual().start(() -> {
            try {
                subscription.take();
            } catch (ApiException | InterruptedException e) {
                outcome.complete(e);
            }
        });
        exchange.close();
        assertThat(outcome.join())
                .isInstanceOfSatisfying(
                        ApiException.class, e -> assertThat(e.code()).isEqualTo(ApiException.Code.UNAVAILABLE));
        assertThatThrownBy(() -> exchange.subscribe(List.of()).take()).isInstanceOf(ApiException.class);
    }

    @Test
    void aPartThatPublishesNonsenseIsNotHarmed() {
        exchange.publish("default", "no slash", exit("a"));
        exchange.publish("", "/tasks/exit", exit("a"));
    }
}
