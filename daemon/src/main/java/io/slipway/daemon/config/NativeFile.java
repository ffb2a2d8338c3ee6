package io.slipway.daemon.config;

import com.fasterxml.jackson.databind.JsonNode;
import io.slipway.daemon.config.Values.Origin;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Slipway's own file. An unknown key is an error: a misspelt one would otherwise silently leave its
/// default in force.
final class NativeFile {
    private static final String REALMS = "registry.realms";
    /// Most edits that still look like a slip of the pen.
    private static final int SLIP_MAX = 3;

    private final TomlFile file;
    private final Values into;

    private NativeFile(TomlFile file, Values into) {
        this.file = file;
        this.into = into;
    }

    /// @param searchPath value of PATH, for programs that the file names
    static void read(TomlFile file, Optional<String> searchPath, Values into) throws ConfigException {
        new NativeFile(file, into).table("", file.tree());
        for (StreamProcessorTable table : StreamProcessorTable.of(file, searchPath)) {
            into.streamProcessor(table.read());
        }
    }

    private void table(String prefix, JsonNode table) throws ConfigException {
        for (Map.Entry<String, JsonNode> entry : table.properties()) {
            String path = prefix + entry.getKey();
            if (path.equals(StreamProcessorTable.TABLES)) {
                // Read on its own: the keys below are no fixed ones.
                continue;
            }
            var key = Key.at(path);
            if (key.isPresent()) {
                into.put(key.get(), value(key.get(), entry.getValue()), Origin.FILE);
            } else if (path.equals(REALMS) && entry.getValue().isObject()) {
                realms(entry.getValue());
            } else if (entry.getValue().isObject() && isTable(path)) {
                table(path + ".", entry.getValue());
            } else {
                throw bad(path, "unknown key" + suggestion(path));
            }
        }
    }

    private void realms(JsonNode table) throws ConfigException {
        for (Map.Entry<String, JsonNode> entry : table.properties()) {
            into.realms(entry.getKey(), texts(REALMS + ".\"" + entry.getKey() + '"', entry.getValue()));
        }
    }

    private static boolean isTable(String path) {
        return Arrays.stream(Key.values()).anyMatch(k -> k.table().equals(path));
    }

    private Object value(Key key, JsonNode node) throws ConfigException {
        return switch (key.kind()) {
            case TEXT -> {
                // Sizes read naturally as numbers.
                boolean size = key == Key.STORE_MAX_BYTES
                        || key == Key.STORE_MIN_FREE
                        || key == Key.STORE_SCRUB_RATE
                        || key == Key.SNAPSHOTS_MAX_LAYER_BYTES;
                if (!node.isTextual() && !(size && node.isIntegralNumber())) {
                    throw bad(key.path(), "must be a string");
                }
                yield node.asText();
            }
            case NUMBER -> {
                if (!node.isIntegralNumber() || !node.canConvertToLong()) {
                    throw bad(key.path(), "must be a whole number");
                }
                yield node.asLong();
            }
            case FRACTION -> {
                if (!node.isNumber()) {
                    throw bad(key.path(), "must be a number");
                }
                yield node.asDouble();
            }
            case FLAG -> {
                if (!node.isBoolean()) {
                    throw bad(key.path(), "must be true or false");
                }
                yield node.asBoolean();
            }
            case LIST -> texts(key.path(), node);
        };
    }

    private List<String> texts(String path, JsonNode node) throws ConfigException {
        if (node.isTextual()) {
            return List.of(node.asText());
        }
        List<String> texts = new ArrayList<>();
        for (JsonNode item : node) {
            if (!item.isTextual()) {
                throw bad(path, "must be a list of strings");
            }
            texts.add(item.asText());
        }
        if (!node.isArray()) {
            throw bad(path, "must be a list of strings");
        }
        return List.copyOf(texts);
    }

    private ConfigException bad(String path, String why) {
        return new ConfigException("config " + file.path() + ": " + path + ": " + why);
    }

    private static String suggestion(String path) {
        return Arrays.stream(Key.values())
                .map(Key::path)
                .min(Comparator.comparingInt(known -> distance(known, path)))
                .filter(known -> distance(known, path) <= SLIP_MAX)
                .map(known -> "; did you mean " + known + "?")
                .orElse("; see slipwayd config default");
    }

    /// Levenshtein's edit distance.
    private static int distance(String a, String b) {
        int[] above = new int[b.length() + 1];
        Arrays.setAll(above, j -> j);
        for (int i = 1; i <= a.length(); i++) {
            int[] row = new int[b.length() + 1];
            row[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int same = above[j - 1] + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                row[j] = Math.min(same, 1 + Math.min(above[j], row[j - 1]));
            }
            above = row;
        }
        return above[b.length()];
    }
}
