package io.slipway.cas.meta;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.time.Clock;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Map;

/// How values are put into columns.
final class Columns {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final TypeReference<Map<String, String>> MAP = new TypeReference<>() {};

    private Columns() {}

    static String labels(Map<String, String> labels) {
        if (labels.isEmpty()) {
            return "";
        }
        try {
            return JSON.writeValueAsString(labels);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("strings can always be written", e);
        }
    }

    static Map<String, String> labels(String column) {
        if (column.isEmpty()) {
            return Map.of();
        }
        try {
            return JSON.readValue(column, MAP);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("metadata.db holds labels that are not JSON: " + e.getOriginalMessage(), e);
        }
    }

    static long time(Instant at) {
        return Math.addExact(Math.multiplyExact(at.getEpochSecond(), 1_000_000L), at.getNano() / 1_000);
    }

    static Instant time(long column) {
        return Instant.ofEpochSecond(Math.floorDiv(column, 1_000_000L), Math.floorMod(column, 1_000_000L) * 1_000L);
    }

    static Instant now(Clock clock) {
        return clock.instant().truncatedTo(ChronoUnit.MICROS);
    }
}
