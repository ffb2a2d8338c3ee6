package io.slipway.cas.meta;

import io.slipway.api.events.ContentDelete;
import io.slipway.cas.Digest;
import io.slipway.cas.Events;
import io.slipway.cas.Metadata;
import io.slipway.cas.Metadata.Sql;
import io.slipway.cas.file.Rehash;
import io.slipway.cas.file.StoredBlobs;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Takes blobs that are bad or gone out of everybody's sight, so that they are fetched again.
final class Losing {

    private static final Logger log = LoggerFactory.getLogger(Losing.class);

    private final Metadata metadata;
    private final StoredBlobs blobs;
    private final Events events;
    private final Runnable lost;

    /// @param lost told after each loss; must not wait
    Losing(Metadata metadata, StoredBlobs blobs, Events events, Runnable lost) {
        this.metadata = metadata;
        this.blobs = blobs;
        this.events = events;
        this.lost = lost;
    }

    /// Puts that very file into quarantine and forgets the blob; false when another file has its name by now.
    /// Who has it open keeps its bytes.
    boolean quarantine(Digest digest, Rehash.FileId file) throws IOException {
        boolean taken = loseIf(digest, _ -> {
            try {
                return blobs.quarantine(digest, file);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
        if (taken) {
            log.atWarn()
                    .addKeyValue("digest", digest)
                    .log("A stored blob is bad and went to quarantine; it is fetched again when something needs it.");
        }
        return taken;
    }

    /// A crash came between the file's going to quarantine and the record of it. It is as if the
    /// record had been made.
    void settle(Connection connection) throws SQLException {
        try {
            for (var digest : blobs.putAside()) {
                if (blobs.size(digest).isEmpty() && Ledger.contains(connection, digest)) {
                    Lost.lose(connection, digest);
                }
            }
        } catch (IOException e) {
            log.atWarn()
                    .addKeyValue("error", e.getMessage())
                    .log("The quarantine could not be looked through; a blob may be listed that went there.");
        }
    }

    /// Forgets the blob if the condition, asked on the writer's thread, holds.
    boolean loseIf(Digest digest, Sql<Boolean> condition) throws IOException {
        record Outcome(boolean lost, List<String> namespaces) {}
        var outcome = metadata.write(connection -> condition.run(connection)
                ? new Outcome(true, Lost.lose(connection, digest))
                : new Outcome(false, List.of()));
        for (var namespace : outcome.namespaces()) {
            events.publish(
                    namespace,
                    "/content/delete",
                    ContentDelete.newBuilder().setDigest(digest.toString()).build());
        }
        if (outcome.lost()) {
            lost.run();
        }
        return outcome.lost();
    }
}
