package io.slipway.runtime;

import com.google.protobuf.Any;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Descriptors.FileDescriptor;
import com.google.protobuf.DynamicMessage;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import io.slipway.api.events.ContainerEventsProto;
import io.slipway.api.events.ContentEventsProto;
import io.slipway.api.events.NamespaceEventsProto;
import io.slipway.api.events.SnapshotEventsProto;
import io.slipway.api.events.TaskEventsProto;
import io.slipway.api.services.images.v1.ImageEventsProto;
import io.slipway.api.types.Envelope;
import io.slipway.cas.filter.Fields;
import io.slipway.cas.grpc.Anys;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// What filters see of an envelope: `namespace`, `topic`, and below `event` the text and boolean fields of the
/// event
/// by their protobuf names. Numbers cannot be asked for, as in containerd. An event of a type not known here has no
/// fields.
final class EnvelopeFields implements Fields {
    private static final Map<String, Descriptor> EVENT_TYPES = Stream.of(
                    ContainerEventsProto.getDescriptor(),
                    ContentEventsProto.getDescriptor(),
                    ImageEventsProto.getDescriptor(),
                    NamespaceEventsProto.getDescriptor(),
                    SnapshotEventsProto.getDescriptor(),
                    TaskEventsProto.getDescriptor())
            .map(FileDescriptor::getMessageTypes)
            .flatMap(List::stream)
            .collect(Collectors.toUnmodifiableMap(Descriptor::getFullName, Function.identity()));

    private final Envelope envelope;

    EnvelopeFields(Envelope envelope) {
        this.envelope = envelope;
    }

    @Override
    public Optional<String> field(List<String> path) {
        return switch (path.getFirst()) {
            case "namespace" -> Fields.text(envelope.getNamespace(), path);
            case "topic" -> Fields.text(envelope.getTopic(), path);
            case "event" -> event(envelope.getEvent()).flatMap(event -> inMessage(event, path.subList(1, path.size())));
            default -> Optional.empty();
        };
    }

    private static Optional<Message> event(Any event) {
        Descriptor type = EVENT_TYPES.get(Anys.typeName(event));
        if (type == null) {
            return Optional.empty();
        }
        try {
            return Optional.of(DynamicMessage.parseFrom(type, event.getValue()));
        } catch (InvalidProtocolBufferException e) {
            return Optional.empty();
        }
    }

    private static Optional<String> inMessage(Message message, List<String> path) {
        if (path.isEmpty()) {
            return Optional.empty();
        }
        FieldDescriptor field = message.getDescriptorForType().findFieldByName(path.getFirst());
        if (field == null) {
            return Optional.empty();
        }
        List<String> rest = path.subList(1, path.size());
        Object value = message.getField(field);
        if (field.isMapField()) {
            return inMap(value, rest);
        }
        return switch (value) {
            case String text when rest.isEmpty() && !text.isEmpty() -> Optional.of(text);
            case Boolean bool when rest.isEmpty() -> Optional.of(bool.toString());
            case Message inner -> inMessage(inner, rest);
            default -> Optional.empty();
        };
    }

    /// A map is a list of entry messages with the fields `key` = 1 and `value` = 2.
    private static Optional<String> inMap(Object entries, List<String> rest) {
        String key = String.join(".", rest);
        if (entries instanceof List<?> list) {
            for (Object entry : list) {
                if (entry instanceof Message pair && fieldOf(pair, 1).equals(key)) {
                    return Optional.of(fieldOf(pair, 2).toString());
                }
            }
        }
        return Optional.empty();
    }

    private static Object fieldOf(Message entry, int number) {
        return entry.getField(entry.getDescriptorForType().findFieldByNumber(number));
    }
}
