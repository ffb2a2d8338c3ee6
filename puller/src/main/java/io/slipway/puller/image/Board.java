package io.slipway.puller.image;

import io.slipway.cas.Arrival;
import io.slipway.cas.Descriptor;
import io.slipway.cas.Digest;
import io.slipway.cas.Verdict;
import io.slipway.puller.PullListener;
import io.slipway.puller.PullListener.Item;
import io.slipway.puller.PullListener.Kind;
import io.slipway.puller.PullListener.State;
import io.slipway.puller.fetch.FetchStatus;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;

/// The progress of one pull: knows each blob's arrival and tells the listener, at every change of state and
/// otherwise every [#TICK]. Its ticks run on a virtual thread of its own until closed.
final class Board implements AutoCloseable {
    static final Duration TICK = Duration.ofMillis(300);

    /// From then on an open answer that brings no bytes is told as the reason of waiting; shorter gaps are ordinary.
    static final Duration SILENCE_TOLD = Duration.ofSeconds(3);

    private final PullListener listener;
    private final ReentrantLock telling = new ReentrantLock();
    /// Guarded by `telling`.
    private final Map<Digest, Row> rows = new LinkedHashMap<>();

    private final Map<Digest, Long> unpackedBytes = new ConcurrentHashMap<>();
    private final Map<Digest, Boolean> unpacked = new ConcurrentHashMap<>();
    private final Thread ticker;
    private volatile boolean unpacks;

    Board(PullListener listener) {
        this.listener = listener;
        this.ticker = Thread.ofVirtual().name("pull progress").start(this::tick);
    }

    private static final class Row {
        private final Descriptor descriptor;
        private final Kind kind;
        private final List<Digest> parents;
        private final Optional<Arrival> arrival;
        private final FetchStatus status;
        private final boolean existed;
        private Optional<State> told = Optional.empty();
        private long lastBytes;
        private long lastAt = System.nanoTime();
        /// When bytes last moved.
        private long movedAt = lastAt;

        Row(
                Descriptor descriptor,
                Kind kind,
                List<Digest> parents,
                Optional<Arrival> arrival,
                FetchStatus status,
                boolean existed) {
            this.descriptor = descriptor;
            this.kind = kind;
            this.parents = parents;
            this.arrival = arrival;
            this.status = status;
            this.existed = existed;
        }

        /// What it follows has not (yet, or not at all) become the blob.
        private boolean isOpen() {
            return arrival.isPresent()
                    && !(arrival.get().verdict().getNow(new Verdict.Rejected("")) instanceof Verdict.Verified);
        }
    }

    void tell(PullListener.Event event) {
        telling.lock();
        try {
            listener.on(event);
        } finally {
            telling.unlock();
        }
    }

    /// A blob is on its way, or was there already.
    void add(Descriptor descriptor, Kind kind, List<Digest> parents, Arrival arrival, FetchStatus status) {
        boolean existed = arrival.verdict().isDone();
        add(new Row(descriptor, kind, parents, Optional.of(arrival), status, existed));
    }

    /// A blob that is there.
    void addDone(Descriptor descriptor, Kind kind, List<Digest> parents, boolean existed) {
        add(new Row(descriptor, kind, parents, Optional.empty(), new FetchStatus(), existed));
    }

    private void add(Row row) {
        telling.lock();
        try {
            Row known = rows.get(row.descriptor.digest());
            if (known == null || known.isOpen()) {
                rows.put(row.descriptor.digest(), row);
                show(row, true);
            }
        } finally {
            telling.unlock();
        }
    }

    /// Layers are unpacked after (or while) they arrive.
    void expectUnpacking() {
        unpacks = true;
    }

    void unpacking(Digest layer, long bytes) {
        unpackedBytes.merge(layer, bytes, Math::max);
    }

    void unpacked(Digest layer) {
        unpacked.put(layer, true);
        showChanges();
    }

    /// Tells what has changed since it was last told.
    void showChanges() {
        telling.lock();
        try {
            rows.values().forEach(row -> show(row, false));
        } finally {
            telling.unlock();
        }
    }

    private void show(Row row, boolean first) {
        State state = state(row);
        boolean over = state == State.DONE || (state == State.EXISTS && row.told.isPresent());
        boolean changed = first || row.told.filter(known -> known == state).isEmpty();
        if (!changed && over) {
            return;
        }
        boolean skipped = state == State.DONE
                && unpacked.containsKey(row.descriptor.digest())
                && row.told.filter(known -> known == State.UNPACKING).isEmpty();
        if (skipped) {
            // Unpacked between two looks: no state is left out.
            listener.on(new PullListener.Event.Progress(item(row, State.UNPACKING)));
        }
        row.told = Optional.of(state);
        listener.on(new PullListener.Event.Progress(item(row, state)));
    }

    private State state(Row row) {
        boolean layer = row.kind == Kind.LAYER && unpacks;
        boolean finished = unpacked.containsKey(row.descriptor.digest());
        if (row.arrival.isEmpty()) {
            return row.existed ? State.EXISTS : State.DONE;
        }
        Arrival arrival = row.arrival.get();
        if (arrival.verdict().isDone()) {
            boolean verified = arrival.verdict().getNow(new Verdict.Rejected("")) instanceof Verdict.Verified;
            if (!verified) {
                return State.VERIFYING;
            }
            if (layer && !finished) {
                return row.existed && !unpackedBytes.containsKey(row.descriptor.digest())
                        ? State.EXISTS
                        : State.UNPACKING;
            }
            return row.existed && !finished ? State.EXISTS : State.DONE;
        }
        Arrival.Progress progress = arrival.progress();
        if (progress.landed() >= row.descriptor.size()) {
            return State.VERIFYING;
        }
        boolean moving = row.status.started() || !progress.source().isEmpty();
        return moving ? State.FETCHING : State.QUEUED;
    }

    private Item item(Row row, State state) {
        Digest digest = row.descriptor.digest();
        long size = row.descriptor.size();
        String host = row.arrival.map(arrival -> arrival.progress().source()).orElse("");
        long bytes = switch (state) {
            case UNPACKING -> unpackedBytes.getOrDefault(digest, 0L);
            case EXISTS, DONE -> size;
            case QUEUED, FETCHING, VERIFYING ->
                row.arrival.map(arrival -> arrival.progress().landed()).orElse(size);
        };
        long now = System.nanoTime();
        long span = Math.max(1, now - row.lastAt);
        long rate = state == State.FETCHING ? Math.max(0, (long) ((bytes - row.lastBytes) * 1e9 / span)) : 0;
        boolean idle = state == State.QUEUED || (state == State.FETCHING && bytes == row.lastBytes);
        if (!idle) {
            row.movedAt = now;
        }
        row.lastBytes = bytes;
        row.lastAt = now;
        return new Item(
                row.descriptor,
                row.kind,
                state,
                bytes,
                OptionalLong.of(size),
                rate,
                host,
                idle ? waitingFor(row, host, Duration.ofNanos(now - row.movedAt)) : "",
                row.parents);
    }

    private static String waitingFor(Row row, String host, Duration silent) {
        String said = row.status.waitingFor();
        if (!said.isEmpty() || host.isEmpty() || silent.compareTo(SILENCE_TOLD) < 0) {
            return said;
        }
        return host + " has sent nothing for " + silent.toSeconds() + " s";
    }

    private void tick() {
        try {
            while (true) {
                Thread.sleep(TICK);
                showChanges();
            }
        } catch (InterruptedException e) {
            // Closed; this thread ends here.
            return;
        }
    }

    @Override
    public void close() {
        ticker.interrupt();
        boolean interrupted = false;
        while (ticker.isAlive()) {
            try {
                ticker.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
