package io.slipway.cas.meta;

import io.slipway.cas.CacheIndex;
import io.slipway.cas.CasOptions;
import io.slipway.cas.Collector;
import io.slipway.cas.Contents;
import io.slipway.cas.Derived;
import io.slipway.cas.Events;
import io.slipway.cas.Images;
import io.slipway.cas.Inspection;
import io.slipway.cas.Leases;
import io.slipway.cas.Metadata;
import io.slipway.cas.Namespaces;
import io.slipway.cas.Refetch;
import io.slipway.cas.file.Disk;
import io.slipway.cas.file.StoredBlobs;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/// This module's tables and what works on them, put together.
public final class Records implements AutoCloseable {

    private static final Duration LAST_USE_FLUSH = Duration.ofSeconds(60);

    private final SqlCollector collector;
    private final SqlNamespaces namespaces;
    private final SqlLeases leases;
    private final SqlContents contents;
    private final SqlImages images;
    private final SqlDerived derived;
    private final SqlCacheIndex cacheIndex;
    private final LastUse lastUse;
    private final SqlInspection inspection;
    private final Losing losing;
    private final Scrub scrub;
    private final Refetching refetching;
    private final Doubted doubted;
    private final IndexFile index;
    private final Duration startupDelay;

    /// Declares the tables; nothing here waits for the database.
    ///
    /// @param timer for short tasks; belongs to the caller
    /// @param indexFile where `index.json` is
    public Records(
            Metadata metadata,
            StoredBlobs blobs,
            Disk disk,
            Path indexFile,
            Events events,
            ScheduledExecutorService timer,
            CasOptions options) {
        var clock = options.clock();
        index = new IndexFile(metadata, disk, indexFile, timer, options.indexDelay());
        startupDelay = options.gc().startupDelay();
        lastUse = new LastUse(metadata, clock);
        collector = new SqlCollector(metadata, blobs, events, clock, timer, options.gc(), index::changed);
        namespaces = new SqlNamespaces(metadata, events, collector::parts);
        metadata.schema(
                Schema.COMPONENT,
                Schema.STEPS,
                new StoreRebuild(blobs, disk, indexFile, namespaces, clock, index::changed));
        leases = new SqlLeases(metadata, namespaces, collector, clock, new SecureRandom());
        contents = new SqlContents(
                metadata, namespaces, leases, blobs, collector, events, clock, lastUse, options.sharing());
        images = new SqlImages(metadata, namespaces, leases, collector, events, clock, index::changed);
        derived = new SqlDerived(metadata);
        cacheIndex = new SqlCacheIndex(metadata, contents, blobs, collector, clock, lastUse);
        var space = CacheBound.Space.of(options.root());
        var bound = new CacheBound(cacheIndex, collector, options.cacheLimits(), space);
        refetching = new Refetching(
                metadata,
                contents,
                collector.parts(),
                clock,
                timer,
                options.scrub().observer());
        losing = new Losing(metadata, blobs, events, refetching::soon);
        scrub = new Scrub(metadata, blobs, losing, options.scrub(), clock, Thread::sleep, refetching::soon);
        inspection = new SqlInspection(metadata, blobs, collector.parts(), clock, lastUse, space, losing, scrub);
        scrub.start(timer);
        doubted = new Doubted(blobs, losing);
        blobs.whenDoubted(doubted::add);
        cacheIndex.afterAdmission(() -> bound.admitted(timer));
        bound.start(timer);
        index.changed();
        var _ = timer.scheduleWithFixedDelay(
                () -> Thread.ofVirtual().start(lastUse::flush),
                LAST_USE_FLUSH.toSeconds(),
                LAST_USE_FLUSH.toSeconds(),
                TimeUnit.SECONDS);
    }

    /// Finishes what a crash has cut in two; before anybody reads.
    public void settle(Connection connection) throws SQLException {
        losing.settle(connection);
    }

    /// How lost blobs are fetched again.
    public void refetchWith(Refetch way) {
        refetching.with(way);
    }

    /// All parts have joined.
    public void joined() {
        collector.begin(startupDelay);
    }

    public Collector collector() {
        return collector;
    }

    /// Something was written; for every write of the database.
    public void mutated() {
        collector.mutated();
    }

    public Namespaces namespaces() {
        return namespaces;
    }

    public Leases leases() {
        return leases;
    }

    public Contents contents() {
        return contents;
    }

    public Images images() {
        return images;
    }

    public Derived derived() {
        return derived;
    }

    public Inspection inspection() {
        return inspection;
    }

    public CacheIndex cacheIndex() {
        return cacheIndex;
    }

    /// Writes what is pending; before the metadata is closed.
    @Override
    public void close() {
        scrub.close();
        doubted.close();
        refetching.close();
        collector.close();
        index.close();
        lastUse.flush();
    }
}
