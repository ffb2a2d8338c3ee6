package io.slipway.cas;

import io.slipway.linux.HasherProvider;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.concurrent.Executor;

/// What a [Cas] is made of.
///
/// @param root the daemon's root directory (`/var/lib/slipway`); the store uses `content/`, `tmp/` and
///     `metadata.db` in it
/// @param bytes the bounded platform pool that hashing runs on; belongs to the caller and outlives the Cas
/// @param hashers which code hashes
/// @param clock wall clock, for timestamps and expiry
/// @param arrivalGrace how long a fetch goes on when nobody asks any more
/// @param ingestLifetime how long what an interrupted fetch or writer left is kept for the next one
/// @param recording when what has landed of an arrival is made safe
/// @param gc when collection runs
/// @param indexDelay how long after a change of images `index.json` is written; below a second
/// @param sharing who may link what
/// @param cacheLimits how much room pull-through content may take
/// @param scrub how blobs are read again in the background
/// @param faults where tests make the disk fail
public record CasOptions(
        Path root,
        Executor bytes,
        HasherProvider hashers,
        Clock clock,
        Duration arrivalGrace,
        Duration ingestLifetime,
        Recording recording,
        GcOptions gc,
        Duration indexDelay,
        SharingPolicy sharing,
        CacheLimits cacheLimits,
        ScrubOptions scrub,
        Faults faults) {

    public static final Duration DEFAULT_ARRIVAL_GRACE = Duration.ofSeconds(30);
    public static final Duration DEFAULT_INGEST_LIFETIME = Duration.ofHours(24);
    public static final Duration DEFAULT_INDEX_DELAY = Duration.ofMillis(200);

    /// The defaults.
    public static CasOptions of(Path root, Executor bytes, HasherProvider hashers) {
        return new CasOptions(
                root,
                bytes,
                hashers,
                Clock.systemUTC(),
                DEFAULT_ARRIVAL_GRACE,
                DEFAULT_INGEST_LIFETIME,
                Recording.DEFAULT,
                GcOptions.DEFAULT,
                DEFAULT_INDEX_DELAY,
                SharingPolicy.SHARED,
                CacheLimits.NONE,
                ScrubOptions.OFF,
                Faults.NONE);
    }

    public CasOptions withClock(Clock other) {
        return new CasOptions(
                root,
                bytes,
                hashers,
                other,
                arrivalGrace,
                ingestLifetime,
                recording,
                gc,
                indexDelay,
                sharing,
                cacheLimits,
                scrub,
                faults);
    }

    public CasOptions withArrivalGrace(Duration other) {
        return new CasOptions(
                root,
                bytes,
                hashers,
                clock,
                other,
                ingestLifetime,
                recording,
                gc,
                indexDelay,
                sharing,
                cacheLimits,
                scrub,
                faults);
    }

    public CasOptions withGc(GcOptions other) {
        return new CasOptions(
                root,
                bytes,
                hashers,
                clock,
                arrivalGrace,
                ingestLifetime,
                recording,
                other,
                indexDelay,
                sharing,
                cacheLimits,
                scrub,
                faults);
    }

    public CasOptions withRecording(Recording other) {
        return new CasOptions(
                root,
                bytes,
                hashers,
                clock,
                arrivalGrace,
                ingestLifetime,
                other,
                gc,
                indexDelay,
                sharing,
                cacheLimits,
                scrub,
                faults);
    }

    public CasOptions withSharing(SharingPolicy other) {
        return new CasOptions(
                root,
                bytes,
                hashers,
                clock,
                arrivalGrace,
                ingestLifetime,
                recording,
                gc,
                indexDelay,
                other,
                cacheLimits,
                scrub,
                faults);
    }

    public CasOptions withCacheLimits(CacheLimits other) {
        return new CasOptions(
                root,
                bytes,
                hashers,
                clock,
                arrivalGrace,
                ingestLifetime,
                recording,
                gc,
                indexDelay,
                sharing,
                other,
                scrub,
                faults);
    }

    public CasOptions withScrub(ScrubOptions other) {
        return new CasOptions(
                root,
                bytes,
                hashers,
                clock,
                arrivalGrace,
                ingestLifetime,
                recording,
                gc,
                indexDelay,
                sharing,
                cacheLimits,
                other,
                faults);
    }

    public CasOptions withFaults(Faults other) {
        return new CasOptions(
                root,
                bytes,
                hashers,
                clock,
                arrivalGrace,
                ingestLifetime,
                recording,
                gc,
                indexDelay,
                sharing,
                cacheLimits,
                scrub,
                other);
    }
}
