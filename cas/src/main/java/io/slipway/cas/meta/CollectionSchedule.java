package io.slipway.cas.meta;

import io.slipway.cas.GcOptions;
import java.time.Duration;
import java.util.OptionalLong;

/// When the next collection is due, as containerd's scheduler decides it (containerd-semantics 8), except that
/// an idle store has nothing due and so wakes nobody. No threads, no clock: times are nanoseconds of one
/// monotonic clock, given by the caller. Thread-safe.
///
/// What asks for a run: a deletion, `mutation_threshold` writes, somebody who says when. Such a run waits for
/// `schedule_delay`, and for the pause that `pause_threshold` demands after the run before it. The deletion that
/// makes `deletion_threshold` waits for `schedule_delay` only.
///
/// Methods that can bring a run nearer return the time it is due when they did; the caller then sees to it that
/// [#take] is asked at that time.
final class CollectionSchedule {

    /// Shorter runs count as this long, so that the pause between two runs has a least length.
    private static final Duration RUN_LEAST = Duration.ofMillis(5);

    /// After a run that failed the next one waits this much longer.
    private static final Duration AFTER_FAILURE = Duration.ofSeconds(1);

    private final GcOptions options;

    private long deletions;
    private long mutations;
    private OptionalLong due = OptionalLong.empty();
    private OptionalLong notBefore = OptionalLong.empty();
    private long runs;
    private long nanosOfRuns;

    CollectionSchedule(GcOptions options) {
        this.options = options;
    }

    /// Something was deleted.
    synchronized OptionalLong deleted(long now) {
        deletions++;
        boolean forced = options.deletionThreshold() > 0 && deletions >= options.deletionThreshold();
        return bring(forced ? soon(now) : afterPause(soon(now)));
    }

    /// Something was written.
    synchronized OptionalLong mutated(long now) {
        mutations++;
        boolean enough = options.mutationThreshold() > 0 && mutations >= options.mutationThreshold();
        return enough ? bring(afterPause(soon(now))) : OptionalLong.empty();
    }

    /// A run at that time at the latest.
    synchronized OptionalLong wanted(long at) {
        return bring(at);
    }

    /// Whether a run is due; it is then no longer.
    synchronized boolean take(long now) {
        if (due.isEmpty() || due.getAsLong() - now > 0) {
            return false;
        }
        due = OptionalLong.empty();
        return true;
    }

    /// A run begins. Deletions from now on may have come too late for it.
    synchronized void began() {
        due = OptionalLong.empty();
        deletions = 0;
    }

    /// It ended after `nanos`. Its own writes ask for nothing.
    synchronized void succeeded(long now, long nanos) {
        mutations = 0;
        runs++;
        nanosOfRuns += nanos;
        notBefore = OptionalLong.of(now + pause());
    }

    synchronized OptionalLong failed(long now) {
        notBefore = OptionalLong.of(now + pause());
        return bring(now + pause() + AFTER_FAILURE.toNanos());
    }

    /// So long after a run that runs take `pause_threshold` of the time.
    private long pause() {
        if (options.pauseThreshold() == 0) {
            return 0;
        }
        double average = Math.max((double) RUN_LEAST.toNanos(), runs == 0 ? 0 : (double) nanosOfRuns / runs);
        return (long) (average / options.pauseThreshold() - average);
    }

    private long soon(long now) {
        return now + options.scheduleDelay().toNanos();
    }

    private long afterPause(long at) {
        return notBefore.isPresent() && notBefore.getAsLong() - at > 0 ? notBefore.getAsLong() : at;
    }

    private OptionalLong bring(long at) {
        if (due.isPresent() && due.getAsLong() - at <= 0) {
            return OptionalLong.empty();
        }
        due = OptionalLong.of(at);
        return due;
    }
}
