package io.slipway.cas.meta;

import io.slipway.cas.Digest;
import io.slipway.cas.Metadata;
import java.io.IOException;
import java.time.Clock;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// When blobs were last used, collected in memory and written now and then: a use is not worth an fsync, and
/// losing the last minute of it at a crash harms nobody. Thread-safe.
final class LastUse {

    private static final Logger log = LoggerFactory.getLogger(LastUse.class);

    /// More than this many between two writes are not noted.
    private static final int PENDING_MAX = 20_000;

    private final Metadata metadata;
    private final Clock clock;
    private final Map<Digest, Long> pending = new ConcurrentHashMap<>();

    LastUse(Metadata metadata, Clock clock) {
        this.metadata = metadata;
        this.clock = clock;
    }

    void touch(Digest digest) {
        if (pending.size() < PENDING_MAX) {
            pending.put(digest, Columns.time(clock.instant()));
        }
    }

    void flush() {
        if (pending.isEmpty()) {
            return;
        }
        var batch = Map.copyOf(pending);
        try {
            metadata.write(connection -> {
                for (var use : batch.entrySet()) {
                    var digest = use.getKey().toString();
                    Db.update(connection, "UPDATE blob SET last_used=? WHERE digest=?", use.getValue(), digest);
                    Db.update(connection, "UPDATE cache_index SET last_used=? WHERE digest=?", use.getValue(), digest);
                }
                return true;
            });
            batch.forEach(pending::remove);
        } catch (IOException e) {
            log.atWarn().addKeyValue("error", e.getMessage()).log("The last use of blobs could not be noted.");
        }
    }
}
