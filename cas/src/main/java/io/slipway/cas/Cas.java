package io.slipway.cas;

import com.google.protobuf.Message;
import io.slipway.cas.file.FileBlobStore;
import io.slipway.cas.grpc.GrpcServices;
import io.slipway.cas.meta.Ledger;
import io.slipway.cas.meta.Records;
import io.slipway.cas.meta.RecoveryReport;
import io.slipway.cas.meta.RefIngests;
import io.slipway.cas.meta.RegularCopy;
import io.slipway.cas.meta.SqliteMetadata;
import io.slipway.cas.service.CasServices;
import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/// The store, put together. [#open] returns at once: metadata opens in the background and the first use waits
/// for it. Thread-safe.
public final class Cas implements AutoCloseable {

    /// How often abandoned ingests are looked for.
    private static final int EXPIRE_MINUTES = 30;

    private final FileBlobStore blobs;
    private final SqliteMetadata metadata;
    private final RegularCopy copy;
    private final RecoveryReport recovery;
    private final Records records;
    private final RefIngests ingests;
    private final LateEvents events;

    private Cas(
            FileBlobStore blobs,
            SqliteMetadata metadata,
            RegularCopy copy,
            RecoveryReport recovery,
            Records records,
            RefIngests ingests,
            LateEvents events) {
        this.blobs = blobs;
        this.metadata = metadata;
        this.copy = copy;
        this.recovery = recovery;
        this.records = records;
        this.ingests = ingests;
        this.events = events;
    }

    /// Opens the store below [CasOptions#root], making what is missing. The caller holds the lock of that root.
    public static Cas open(CasOptions options) throws IOException {
        // First: it empties tmp/, where the database may be about to unpack its library.
        FileBlobStore.prepare(options);
        var events = new LateEvents();
        var metadata = SqliteMetadata.open(
                options.root().resolve("metadata.db"),
                options.root().resolve("tmp"),
                options.faults(),
                options.clock(),
                FileBlobStore.isUsed(options));
        var blobs = FileBlobStore.open(options, new Ledger(metadata, options.clock()));
        var records =
                new Records(metadata, blobs, blobs.disk(), blobs.layout().index(), events, blobs.timer(), options);
        metadata.first(connection -> {
            records.settle(connection);
            return null;
        });
        metadata.afterWrite(records::mutated);
        var ingests = new RefIngests(
                metadata,
                records.namespaces(),
                records.leases(),
                records.contents(),
                blobs,
                options.clock(),
                options.ingestLifetime());
        var _ = blobs.timer()
                .scheduleWithFixedDelay(
                        () -> Thread.ofVirtual().start(ingests::expire),
                        EXPIRE_MINUTES,
                        EXPIRE_MINUTES,
                        TimeUnit.MINUTES);
        var copy = new RegularCopy(metadata);
        copy.start(blobs.timer());
        var recovery = new RecoveryReport(metadata, blobs.disk(), options.root());
        return new Cas(blobs, metadata, copy, recovery, records, ingests, events);
    }

    /// All parts that keep tables here or take part in collection have joined. Until then nothing is collected but by
    /// who asks for it; and only now is it known what a database that had to be replaced has lost.
    public void joined() {
        records.joined();
        recovery.tellSoon();
    }

    /// Plugs how blobs that the disk has spoiled are fetched again; those that an earlier run left are tried at once.
    /// After [#joined].
    public void refetchWith(Refetch way) {
        records.refetchWith(way);
    }

    /// Told, once and on whatever thread finds out, that the metadata is damaged, and what by ([Metadata#damage]).
    /// Plugged once. It must not wait.
    public void whenDamaged(Consumer<String> told) {
        metadata.whenDamaged(told);
    }

    /// That the database had to be replaced, whenever that was; empty when it never had, or it is not known yet.
    public Optional<Recovery> recovery() {
        return recovery.told();
    }

    public BlobStore blobs() {
        return blobs;
    }

    public Metadata metadata() {
        return metadata;
    }

    public Contents contents() {
        return records.contents();
    }

    public Images images() {
        return records.images();
    }

    public Leases leases() {
        return records.leases();
    }

    public Namespaces namespaces() {
        return records.namespaces();
    }

    public Ingests ingests() {
        return ingests;
    }

    public Derived derived() {
        return records.derived();
    }

    public CacheIndex cacheIndex() {
        return records.cacheIndex();
    }

    public Inspection inspection() {
        return records.inspection();
    }

    public Collector collector() {
        return records.collector();
    }

    /// Where events of this store (and of other parts that use it) go; until [#publishTo] they are dropped.
    public Events events() {
        return events;
    }

    /// Plugs the exchange.
    public void publishTo(Events exchange) {
        events.exchange = exchange;
    }

    /// Serves Content, Images, Leases, Namespaces and Store.
    public void bind(GrpcServices server) {
        new CasServices(this).bind(server);
    }

    /// Stops fetches (what landed is kept), writes what is pending, closes everything.
    @Override
    public void close() {
        blobs.close();
        records.close();
        copy.close();
        metadata.close();
    }

    private static final class LateEvents implements Events {
        private volatile Events exchange = (_, _, _) -> {};

        @Override
        public void publish(String namespace, String topic, Message event) {
            exchange.publish(namespace, topic, event);
        }
    }
}
