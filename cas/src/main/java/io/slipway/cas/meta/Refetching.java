package io.slipway.cas.meta;

import io.slipway.cas.Contents;
import io.slipway.cas.Digest;
import io.slipway.cas.GcLabels;
import io.slipway.cas.GcNode;
import io.slipway.cas.GcRoots;
import io.slipway.cas.Metadata;
import io.slipway.cas.Namespaces;
import io.slipway.cas.Provenance;
import io.slipway.cas.Refetch;
import io.slipway.cas.ScrubObserver;
import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Fetches blobs that were lost again, one after the other, as long as something refers to them: right after the loss,
/// then in rounds that lie further and further apart. After [#ROUNDS_MAX] of them it rests until the next loss, scrub
/// or
/// start; what is lost stays listed, and a pull that needs it heals it as well. What only the mirror had is not
/// fetched:
/// its next client is.
final class Refetching {

    /// Rounds without success: with [#FIRST_PAUSE] and [#GROWTH], about twelve hours.
    static final int ROUNDS_MAX = 8;

    private static final Duration FIRST_PAUSE = Duration.ofSeconds(2);
    private static final int GROWTH = 4;

    /// Blobs of one round.
    private static final int BLOBS_MAX = 1_000;

    private static final Logger log = LoggerFactory.getLogger(Refetching.class);

    private final Metadata metadata;
    private final Contents contents;
    private final List<GcRoots> parts;
    private final Clock clock;
    private final ScheduledExecutorService timer;
    private final ScrubObserver observer;

    // Guarded by this.
    private @Nullable Refetch port;
    private @Nullable Thread running;
    private boolean again;
    private boolean closed;
    private int rounds;

    /// @param parts that take part in collection; may still grow
    Refetching(
            Metadata metadata,
            Contents contents,
            List<GcRoots> parts,
            Clock clock,
            ScheduledExecutorService timer,
            ScrubObserver observer) {
        this.metadata = metadata;
        this.contents = contents;
        this.parts = parts;
        this.clock = clock;
        this.timer = timer;
        this.observer = observer;
    }

    /// From here on it can fetch. Begins with what an earlier run left.
    void with(Refetch way) {
        synchronized (this) {
            port = way;
        }
        soon();
    }

    /// Something was lost, or it is time to try everything again.
    synchronized void soon() {
        rounds = 0;
        begin();
    }

    private synchronized void begin() {
        if (closed || port == null) {
            return;
        }
        if (running != null) {
            again = true;
            return;
        }
        var way = port;
        running = Thread.ofVirtual().name("refetch").start(() -> run(way));
    }

    private void run(Refetch way) {
        boolean more = true;
        while (more) {
            boolean left = true;
            try {
                left = round(way);
            } catch (InterruptedException closing) {
                return;
            } catch (IOException | RuntimeException e) {
                log.atWarn().addKeyValue("error", e.getMessage()).log("Lost blobs could not be looked for.");
            }
            more = ended(left);
        }
    }

    /// Whether the next round is to begin at once.
    private synchronized boolean ended(boolean left) {
        if (again && !closed) {
            again = false;
            return true;
        }
        running = null;
        if (left && rounds < ROUNDS_MAX && !closed) {
            long pause = FIRST_PAUSE.toMillis() * (long) Math.pow(GROWTH, rounds);
            rounds++;
            try {
                var _ = timer.schedule(this::begin, pause, TimeUnit.MILLISECONDS);
            } catch (RejectedExecutionException closing) {
                // The next start tries.
            }
        }
        return false;
    }

    /// Stops; a fetch that has begun is given up.
    void close() {
        Thread last;
        synchronized (this) {
            closed = true;
            last = running;
        }
        if (last == null) {
            return;
        }
        last.interrupt();
        try {
            last.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private record Lacking(Refetch.Wanted wanted, List<String> namespaces, List<Provenance> sources) {}

    /// Whether something is left that can be tried again.
    private boolean round(Refetch way) throws IOException, InterruptedException {
        boolean left = false;
        for (var lacking : metadata.read(this::lacking)) {
            if (!fetch(way, lacking)) {
                left = true;
            }
        }
        return left;
    }

    private List<Lacking> lacking(Connection connection) throws SQLException {
        record Row(String namespace, Digest digest, long size, boolean document) {}
        var rows = Db.list(
                connection,
                "SELECT namespace, digest, size, labels FROM lost WHERE namespace<>?"
                        + " AND EXISTS(SELECT 1 FROM blob_source WHERE digest=lost.digest) ORDER BY digest LIMIT "
                        + BLOBS_MAX,
                row -> new Row(
                        row.getString(1),
                        Digest.parse(row.getString(2)),
                        row.getLong(3),
                        Columns.labels(row.getString(4)).keySet().stream()
                                .anyMatch(label -> label.startsWith(GcLabels.REF_CONTENT))),
                Namespaces.MIRROR);
        var lacking = new ArrayList<Lacking>();
        if (rows.isEmpty()) {
            return lacking;
        }
        var marks = new Marking(connection, List.copyOf(parts), clock.instant(), Marking.Trace.NONE);
        marks.run(Set.of());
        for (var row : rows) {
            if (!marks.keeps(GcNode.content(row.namespace(), row.digest().toString()))) {
                continue;
            }
            if (!lacking.isEmpty() && lacking.getLast().wanted().digest().equals(row.digest())) {
                lacking.getLast().namespaces().add(row.namespace());
                continue;
            }
            var size = row.size() > 0 ? OptionalLong.of(row.size()) : OptionalLong.empty();
            lacking.add(new Lacking(
                    new Refetch.Wanted(row.digest(), size, row.document()),
                    new ArrayList<>(List.of(row.namespace())),
                    sources(connection, row.digest())));
        }
        return lacking;
    }

    /// Public ones first: they need no credentials.
    private static List<Provenance> sources(Connection connection, Digest digest) throws SQLException {
        var sources = new ArrayList<>(Db.list(
                connection,
                "SELECT host, repository, access FROM blob_source WHERE digest=?",
                row -> new Provenance(row.getString(1), row.getString(2), Ledger.access(row.getString(3))),
                digest.toString()));
        sources.sort(Comparator.comparing(source -> !(source.access() instanceof Provenance.Access.Public)));
        return sources;
    }

    private boolean fetch(Refetch way, Lacking lacking) throws InterruptedException {
        Optional<String> why = Optional.empty();
        for (var source : lacking.sources()) {
            try (var arrival = way.fetch(lacking.wanted(), source)) {
                arrival.awaitVerified();
                for (var namespace : lacking.namespaces()) {
                    contents.link(namespace, lacking.wanted().digest(), Map.of(), Optional.empty());
                }
                observer.refetched(true);
                log.atInfo()
                        .addKeyValue("digest", lacking.wanted().digest())
                        .addKeyValue("source", source.host() + "/" + source.repository())
                        .log("A lost blob was fetched again.");
                return true;
            } catch (IOException | RuntimeException e) {
                why = Optional.of(String.valueOf(e.getMessage()));
            }
        }
        observer.refetched(false);
        log.atWarn()
                .addKeyValue("digest", lacking.wanted().digest())
                .addKeyValue("error", why.orElse(""))
                .log("A lost blob could not be fetched again yet.");
        return false;
    }
}
