package io.slipway.daemon.config;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.toml.TomlMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/// A TOML file as a tree.
record TomlFile(Path path, ObjectNode tree) {
    /// Far above any real configuration; guards against being pointed at a device or an image.
    private static final int BYTES_MAX = 4 * 1024 * 1024;

    static TomlFile read(Path path) throws ConfigException {
        byte[] bytes;
        try (var in = Files.newInputStream(path)) {
            bytes = in.readNBytes(BYTES_MAX + 1);
        } catch (NoSuchFileException e) {
            throw new ConfigException("config " + path + ": no such file", e);
        } catch (IOException e) {
            throw new ConfigException("config " + path + ": cannot be read: " + e.getMessage(), e);
        }
        if (bytes.length > BYTES_MAX) {
            throw new ConfigException("config " + path + ": is larger than " + BYTES_MAX + " bytes");
        }
        return parse(path, new String(bytes, StandardCharsets.UTF_8));
    }

    static TomlFile parse(Path path, String text) throws ConfigException {
        try {
            JsonNode tree = new TomlMapper().readTree(text);
            return new TomlFile(path, tree instanceof ObjectNode object ? object : new TomlMapper().createObjectNode());
        } catch (JacksonException e) {
            JsonLocation at = e.getLocation();
            String where = at == null ? "" : " line " + at.getLineNr() + " column " + at.getColumnNr();
            String why =
                    String.valueOf(e.getOriginalMessage()).lines().findFirst().orElse("is no TOML");
            throw new ConfigException("config " + path + where + ": " + why, e);
        }
    }
}
