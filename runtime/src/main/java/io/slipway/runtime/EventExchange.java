package io.slipway.runtime;

import com.google.protobuf.Any;
import com.google.protobuf.Message;
import com.google.protobuf.Timestamp;
import io.slipway.api.types.Envelope;
import io.slipway.cas.ApiException;
import io.slipway.cas.Events;
import io.slipway.cas.Identifier;
import io.slipway.cas.filter.Filter;
import io.slipway.cas.grpc.Anys;
import io.slipway.cas.grpc.GrpcServices;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The node's event bus: every part publishes here, every subscriber gets what its filters let through, in the
/// order
/// of publishing as each publisher's thread saw it.
///
/// An event is an envelope of time, namespace, topic (`/tasks/exit`) and an `Any` under its bare type name.
/// Nothing is
/// kept: a subscriber sees what is published after it came. Publishing never waits; a subscriber that falls too far
/// behind is cut off and told so (see [EventSubscription]). Any thread, event loops included.
public final class EventExchange implements Events, AutoCloseable {
    /// Subscribers at once; one more is refused with RESOURCE_EXHAUSTED.
    public static final int SUBSCRIBERS_MAX = 256;

    private static final Logger log = LoggerFactory.getLogger(EventExchange.class);

    private final Clock clock;
    private final Set<QueuedSubscription> subscriptions = ConcurrentHashMap.newKeySet();
    private final AtomicBoolean closed = new AtomicBoolean();

    /// An exchange without subscribers; `clock` stamps what is published.
    public EventExchange(Clock clock) {
        this.clock = clock;
    }

    /// As the port says, never throws: an event with a wrong topic or namespace is logged and dropped.
    @Override
    public void publish(String namespace, String topic, Message event) {
        try {
            publish(namespace, topic, Anys.pack(event));
        } catch (ApiException e) {
            log.atError().addKeyValue("topic", topic).setCause(e).log("An event could not be published.");
        }
    }

    /// Publishes an event with the time of now.
    ///
    /// @throws ApiException INVALID_ARGUMENT for a malformed namespace or topic or an event without a type
    public void publish(String namespace, String topic, Any event) {
        Instant now = clock.instant();
        forward(Envelope.newBuilder()
                .setTimestamp(
                        Timestamp.newBuilder().setSeconds(now.getEpochSecond()).setNanos(now.getNano()))
                .setNamespace(namespace)
                .setTopic(topic)
                .setEvent(event)
                .build());
    }

    /// Publishes an envelope somebody else has made, unchanged.
    ///
    /// @throws ApiException INVALID_ARGUMENT when any of its fields is missing or malformed
    public void forward(Envelope envelope) {
        check(envelope);
        for (QueuedSubscription subscription : subscriptions) {
            subscription.offer(envelope);
        }
    }

    /// Subscribes to what is published from now on in all namespaces.
    ///
    /// @param filters an event passes when one of them matches; none lets everything through. Fields: `namespace`,
    ///     `topic`, `event.<field>`
    /// @throws ApiException INVALID_ARGUMENT for a filter that does not parse; RESOURCE_EXHAUSTED beyond
    ///     [#SUBSCRIBERS_MAX]; UNAVAILABLE after [#close]
    public EventSubscription subscribe(List<String> filters) {
        QueuedSubscription subscription = new QueuedSubscription(Filter.parse(filters), subscriptions::remove);
        if (subscriptions.size() >= SUBSCRIBERS_MAX) {
            throw new ApiException(
                    ApiException.Code.RESOURCE_EXHAUSTED, "too many event subscribers: " + SUBSCRIBERS_MAX);
        }
        subscriptions.add(subscription);
        if (closed.get()) {
            subscription.stop();
        }
        return subscription;
    }

    /// Serves `containerd.services.events.v1.Events` from this exchange.
    public void bind(GrpcServices services) {
        new EventsGrpc(this).bind(services);
    }

    /// Ends every subscription with UNAVAILABLE. Publishing goes on into the void. Twice is fine.
    @Override
    public void close() {
        closed.set(true);
        subscriptions.forEach(QueuedSubscription::stop);
    }

    private static void check(Envelope envelope) {
        try {
            Identifier.check(envelope.getNamespace());
        } catch (ApiException e) {
            throw new ApiException(e.code(), "event envelope has invalid namespace: " + e.getMessage(), e);
        }
        checkTopic(envelope.getTopic());
        if (!envelope.hasTimestamp()) {
            throw ApiException.invalid("timestamp must be set on forwarded event");
        }
        if (envelope.getEvent().getTypeUrl().isEmpty()) {
            throw ApiException.invalid("event must be set");
        }
    }

    private static void checkTopic(String topic) {
        if (topic.isEmpty()) {
            throw invalidTopic(topic, "must not be empty");
        }
        if (topic.charAt(0) != '/') {
            throw invalidTopic(topic, "must start with '/'");
        }
        if (topic.length() == 1) {
            throw invalidTopic(topic, "must have at least one component");
        }
        for (String component : topic.substring(1).split("/", -1)) {
            try {
                Identifier.check(component);
            } catch (ApiException e) {
                throw new ApiException(
                        e.code(),
                        "envelope topic \"" + topic + "\": failed validation on component \"" + component + "\": "
                                + e.getMessage(),
                        e);
            }
        }
    }

    private static ApiException invalidTopic(String topic, String why) {
        return ApiException.invalid("envelope topic \"" + topic + "\": " + why);
    }
}
