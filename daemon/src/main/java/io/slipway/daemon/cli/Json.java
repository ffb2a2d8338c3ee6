package io.slipway.daemon.cli;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// A JSON value read from an image or written to the daemon, with typed access for hostile input: whoever asks for a
/// text gets a text or a [Malformed], never a class cast failure. Depth, text length and number length are bounded;
/// a repeated key is refused, because two readers could take two meanings from it. Immutable, any thread.
final class Json {
    /// Deeper than any manifest, image configuration or runtime spec.
    private static final int DEPTH_MAX = 32;

    private static final int TEXT_CHARS_MAX = 1 << 20;
    private static final int NUMBER_CHARS_MAX = 32;
    private static final JsonFactory FACTORY = JsonFactory.builder()
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxNestingDepth(DEPTH_MAX)
                    .maxStringLength(TEXT_CHARS_MAX)
                    .maxNumberLength(NUMBER_CHARS_MAX)
                    .build())
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .build();

    private final String where;
    private final @Nullable Object value;

    private Json(String where, @Nullable Object value) {
        this.where = where;
        this.value = value;
    }

    /// Input that is not the JSON it should be.
    static final class Malformed extends IOException {
        private static final long serialVersionUID = 1L;

        Malformed(String message) {
            super(message);
        }

        Malformed(String message, Throwable cause) {
            super(message, cause);
        }
    }

    /// Parses one JSON document named `name` in messages.
    static Json parse(String name, byte[] bytes) throws Malformed {
        try (JsonParser parser = FACTORY.createParser(bytes)) {
            parser.nextToken();
            Object value = read(parser);
            if (parser.nextToken() != null) {
                throw new Malformed(name + " has something after its JSON value");
            }
            return new Json(name, value);
        } catch (Malformed e) {
            throw e;
        } catch (IOException e) {
            String message = e.getMessage() == null ? "" : e.getMessage();
            int line = message.indexOf('\n');
            throw new Malformed(name + " is not valid JSON: " + (line < 0 ? message : message.substring(0, line)), e);
        }
    }

    private static @Nullable Object read(JsonParser parser) throws IOException {
        JsonToken token = parser.currentToken();
        return switch (token) {
            case null -> throw new Malformed("nothing there");
            case START_OBJECT -> {
                Map<String, @Nullable Object> object = new LinkedHashMap<>();
                while (parser.nextToken() != JsonToken.END_OBJECT) {
                    String key = parser.currentName();
                    parser.nextToken();
                    object.put(key, read(parser));
                }
                yield object;
            }
            case START_ARRAY -> {
                List<@Nullable Object> array = new ArrayList<>();
                while (parser.nextToken() != JsonToken.END_ARRAY) {
                    array.add(read(parser));
                }
                yield array;
            }
            case VALUE_STRING -> parser.getText();
            case VALUE_TRUE -> true;
            case VALUE_FALSE -> false;
            case VALUE_NULL -> null;
            case VALUE_NUMBER_INT -> {
                BigInteger number = parser.getBigIntegerValue();
                // Beyond 64 bits it is no size of anything; kept as a value that is none.
                yield number.bitLength() < Long.SIZE ? (Object) number.longValue() : number;
            }
            case VALUE_NUMBER_FLOAT -> parser.getDoubleValue();
            default -> throw new Malformed("unexpected " + token);
        };
    }

    /// Whether there is a value other than `null`.
    boolean isPresent() {
        return value != null;
    }

    /// The member `key`; an absent value when this object has none, or is itself absent.
    Json get(String key) throws Malformed {
        String path = where + "." + key;
        return switch (value) {
            case null -> new Json(path, null);
            case Map<?, ?> object -> new Json(path, object.get(key));
            default -> throw new Malformed(where + " should be an object");
        };
    }

    /// A copy of this object that may be changed; members are what [#write] takes. Empty when absent.
    Map<String, @Nullable Object> members() throws Malformed {
        return switch (value) {
            case null -> new LinkedHashMap<>();
            case Map<?, ?> object -> {
                Map<String, @Nullable Object> copy = new LinkedHashMap<>();
                object.forEach((key, member) -> copy.put(String.valueOf(key), member));
                yield copy;
            }
            default -> throw new Malformed(where + " should be an object");
        };
    }

    /// The elements; none when absent.
    List<Json> elements() throws Malformed {
        return switch (value) {
            case null -> List.of();
            case List<?> array -> {
                List<Json> elements = new ArrayList<>(array.size());
                for (int i = 0; i < array.size(); i++) {
                    elements.add(new Json(where + "[" + i + "]", array.get(i)));
                }
                yield elements;
            }
            default -> throw new Malformed(where + " should be a list");
        };
    }

    /// The elements as texts; none when absent.
    List<String> texts() throws Malformed {
        List<String> texts = new ArrayList<>();
        for (Json element : elements()) {
            texts.add(element.text());
        }
        return texts;
    }

    /// This text, which must be there.
    String text() throws Malformed {
        return ifText().orElseThrow(() -> new Malformed(where + " is missing"));
    }

    /// This text, if there is one.
    Optional<String> ifText() throws Malformed {
        return switch (value) {
            case null -> Optional.empty();
            case String text -> Optional.of(text);
            default -> throw new Malformed(where + " should be a text");
        };
    }

    /// This number, which must be there, whole and not negative.
    long size() throws Malformed {
        if (value instanceof Long number && number >= 0) {
            return number;
        }
        throw new Malformed(where + " should be a size");
    }

    /// Compact JSON of maps (text keys), lists, texts, numbers, booleans and null.
    static String write(Object value) {
        StringWriter text = new StringWriter();
        try (JsonGenerator generator = FACTORY.createGenerator(text)) {
            write(generator, value);
        } catch (IOException e) {
            throw new UncheckedIOException("a string writer does not fail", e);
        }
        return text.toString();
    }

    private static void write(JsonGenerator generator, @Nullable Object value) throws IOException {
        switch (value) {
            case null -> generator.writeNull();
            case Map<?, ?> object -> {
                generator.writeStartObject();
                for (Map.Entry<?, ?> member : object.entrySet()) {
                    generator.writeFieldName(String.valueOf(member.getKey()));
                    write(generator, member.getValue());
                }
                generator.writeEndObject();
            }
            case Iterable<?> array -> {
                generator.writeStartArray();
                for (Object element : array) {
                    write(generator, element);
                }
                generator.writeEndArray();
            }
            case String text -> generator.writeString(text);
            case Boolean flag -> generator.writeBoolean(flag);
            case Integer number -> generator.writeNumber(number);
            case Long number -> generator.writeNumber(number);
            case BigInteger number -> generator.writeNumber(number);
            case Double number -> generator.writeNumber(number);
            default -> throw new IllegalArgumentException("no JSON form of " + value.getClass());
        }
    }
}
