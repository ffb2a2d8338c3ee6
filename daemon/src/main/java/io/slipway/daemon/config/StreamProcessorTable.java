package io.slipway.daemon.config;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// One table `[stream_processors.<id>]`, the same in containerd's file and in ours.
///
/// @param file for messages
/// @param searchPath value of PATH, for a program without directory
record StreamProcessorTable(Path file, String id, JsonNode table, Optional<String> searchPath) {
    static final String TABLES = "stream_processors";

    private static final Set<String> KEYS = Set.of("accepts", "returns", "path", "args", "env");

    /// All tables of a file, in its order.
    static List<StreamProcessorTable> of(TomlFile file, Optional<String> searchPath) throws ConfigException {
        JsonNode tables = file.tree().path(TABLES);
        List<StreamProcessorTable> all = new ArrayList<>();
        for (Map.Entry<String, JsonNode> entry : tables.properties()) {
            all.add(new StreamProcessorTable(file.path(), entry.getKey(), entry.getValue(), searchPath));
        }
        if (!tables.isMissingNode() && !tables.isObject()) {
            throw new ConfigException("config " + file.path() + ": " + TABLES + ": must be a table");
        }
        return all;
    }

    /// Dotted path of the table.
    String name() {
        return TABLES + ".\"" + id + '"';
    }

    /// The program that `path` means here, if there is one.
    Optional<Path> program() throws ConfigException {
        String path = text("path");
        if (path.indexOf('/') < 0) {
            return path.isEmpty() ? Optional.empty() : Programs.find(path, searchPath);
        }
        return Optional.of(Path.of(path))
                .filter(p -> p.isAbsolute() && Files.isRegularFile(p) && Files.isExecutable(p));
    }

    /// Checks it all.
    ///
    /// @throws ConfigException also when there is no such program
    Config.StreamProcessor read() throws ConfigException {
        for (Map.Entry<String, JsonNode> entry : table.properties()) {
            if (!KEYS.contains(entry.getKey())) {
                throw bad(entry.getKey(), "unknown key; there are accepts, returns, path, args and env");
            }
        }
        Path program = program()
                .orElseThrow(() -> bad(
                        "path", "no program \"" + table.path("path").asText() + "\"; install it or remove the table"));
        List<String> accepts = texts("accepts");
        if (accepts.isEmpty()) {
            throw bad("accepts", "must name a media type");
        }
        String returns = text("returns");
        if (returns.isEmpty()) {
            throw bad("returns", "must be a media type");
        }
        List<String> env = texts("env");
        for (String variable : env) {
            if (variable.indexOf('=') < 1) {
                throw bad("env", "\"" + variable + "\" must be NAME=value");
            }
        }
        return new Config.StreamProcessor(id, accepts, returns, program, texts("args"), env);
    }

    private String text(String key) throws ConfigException {
        JsonNode value = table.path(key);
        if (!value.isMissingNode() && !value.isTextual()) {
            throw bad(key, "must be a string");
        }
        return value.asText("");
    }

    private List<String> texts(String key) throws ConfigException {
        JsonNode value = table.path(key);
        List<String> texts = new ArrayList<>();
        for (JsonNode item : value) {
            if (!item.isTextual()) {
                throw bad(key, "must be a list of strings");
            }
            texts.add(item.asText());
        }
        if (!value.isArray() && !value.isMissingNode()) {
            throw bad(key, "must be a list of strings");
        }
        return texts;
    }

    private ConfigException bad(String key, String why) {
        return new ConfigException("config " + file + ": " + name() + "." + key + ": " + why);
    }
}
