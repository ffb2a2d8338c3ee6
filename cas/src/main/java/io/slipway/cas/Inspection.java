package io.slipway.cas;

import java.io.IOException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/// What the store says about itself: why a blob is there, how much room what takes, whether records and files
/// agree. Blocking; safe while everything else goes on.
public interface Inspection {

    /// Keepers that [Why] names; those beyond are counted.
    int KEEPERS_MAX = 100;

    /// Everything known of a digest; empty when that is nothing. Looks through all references of the store a few
    /// times, so the cost grows with it.
    Optional<Why> why(Digest digest) throws IOException;

    Usage usage() throws IOException;

    /// Compares records and files, telling what is wrong as it is found. What changes meanwhile is looked at
    /// again before it is called wrong. Interruptible; what was repaired until then stays so.
    ///
    /// @param deep also read every blob and compare its digest
    /// @param repair put bad blobs into `quarantine/` and forget records without file: the next who asks has
    ///     them fetched again. Files that no record names are removed
    Checked check(boolean deep, boolean repair, Findings to) throws IOException, InterruptedException;

    /// Reads every blob again now and compares its digest, whatever the background is at, which goes on with what is
    /// left when this is interrupted. What is bad goes to quarantine and is fetched again where that can be.
    /// FAILED_PRECONDITION while another call does this.
    ///
    /// @param bytesPerSecond at most; empty for the configured rate
    Scrubbed scrub(OptionalLong bytesPerSecond, ScrubEvents to) throws IOException, InterruptedException;

    /// Told, on the caller's thread, how a scrub goes; may block.
    interface ScrubEvents {

        /// @param all what there was at the beginning
        void progress(Amount done, Amount all) throws InterruptedException;

        /// @param bad CORRUPT or UNREADABLE
        void bad(Finding bad) throws InterruptedException;
    }

    /// @param done blobs that were read
    record Scrubbed(Amount done, long bad) {}

    /// Takes what [#check] finds, one by one; may block.
    @FunctionalInterface
    interface Findings {
        void found(Finding finding) throws InterruptedException;
    }

    /// @param size bytes; 0 when it is not stored
    /// @param created when it was stored; empty when it is not
    /// @param namespaces that see it
    /// @param lostBy namespaces that saw it until it turned out to be bad or gone
    /// @param keepers at most [#KEEPERS_MAX]
    /// @param moreKeepers beyond those
    /// @param sources where it came from
    /// @param fetches that are bringing it
    /// @param inUse somebody has it open or asks for it
    record Why(
            Digest digest,
            boolean stored,
            long size,
            Optional<Instant> created,
            Optional<Instant> lastUsed,
            List<String> namespaces,
            List<String> lostBy,
            List<Keeper> keepers,
            int moreKeepers,
            Set<Provenance> sources,
            List<Arrival.Progress> fetches,
            boolean inUse) {}

    /// A root and the way from it.
    ///
    /// @param path from the root to the blob
    record Keeper(List<Step> path) {}

    /// @param by the label (or `target`) of the step before that leads here; empty where there is none
    record Step(GcNode node, String by) {}

    /// @param blobs all, each once
    /// @param cache of them, what the mirror keeps
    /// @param capacity bytes of the file system
    record Usage(
            Amount blobs,
            List<NamespaceUsage> namespaces,
            Amount cache,
            Amount ingests,
            Amount quarantine,
            List<GcRoots.Space> parts,
            long capacity,
            long free) {}

    record Amount(long count, long bytes) {}

    /// @param own of what it sees, what no other namespace sees
    record NamespaceUsage(String namespace, Amount visible, Amount own) {}

    /// What is wrong with a blob, its file or its records.
    enum Wrong {
        /// A record without its file.
        MISSING,
        /// A file of another size than its record says.
        WRONG_SIZE,
        /// Bytes of another digest.
        CORRUPT,
        /// Bytes that the disk does not give back.
        UNREADABLE,
        /// A file without record.
        UNRECORDED,
        /// A file in `blobs/` whose name is no digest; left alone, whoever put it there may miss it.
        STRAY,
        /// A namespace sees a blob that has no record.
        UNBACKED
    }

    /// @param object digest, or name of a file
    record Finding(Wrong wrong, String object, String detail, boolean repaired) {}

    /// @param bytes read and compared
    record Checked(long blobs, long bytes, long findings, long repaired) {}
}
