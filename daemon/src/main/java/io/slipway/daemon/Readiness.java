package io.slipway.daemon;

import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;

/// Which parts do not answer yet. Any thread.
final class Readiness {
    private final Map<String, String> missing = new ConcurrentSkipListMap<>();

    Readiness() {
        missing.put("daemon", "starting");
    }

    /// `part` does not answer, because of `why`.
    void missing(String part, String why) {
        missing.put(part, why);
    }

    void answers(String part) {
        missing.remove(part);
    }

    boolean ready() {
        return missing.isEmpty();
    }

    /// One line per missing part.
    List<String> lines() {
        return missing.entrySet().stream()
                .map(e -> e.getKey() + ": " + e.getValue())
                .toList();
    }
}
