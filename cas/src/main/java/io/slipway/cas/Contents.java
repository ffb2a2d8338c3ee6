package io.slipway.cas;

import io.slipway.cas.filter.Filter;
import java.io.IOException;
import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// Which namespace sees which stored blob, with which labels; and, per blob, where it came from and when it
/// was last used. Methods that are given a namespace create it with the first write. Blocking; ApiException
/// carries the documented refusal.
public interface Contents {

    /// The blob as the namespace sees it; empty when it is not visible there (it may be stored nevertheless).
    Optional<ContentInfo> info(String namespace, Digest digest) throws IOException;

    /// Takes what a list finds, one by one; may block.
    @FunctionalInterface
    interface Each {
        void accept(ContentInfo info) throws IOException, InterruptedException;
    }

    /// Every visible blob that matches, ordered by digest, handed over one by one outside of any transaction
    /// (so what changes meanwhile may or may not be seen).
    void list(String namespace, Filter filter, Each each) throws IOException, InterruptedException;

    /// Changes labels; NOT_FOUND when not visible, INVALID_ARGUMENT for a label that is too long.
    ContentInfo update(String namespace, Digest digest, LabelUpdate change) throws IOException;

    /// Ends visibility in this namespace and publishes `/content/delete`; the bytes go with the next
    /// collection. NOT_FOUND.
    void delete(String namespace, Digest digest) throws IOException;

    /// Makes a stored blob visible, sets these labels on top of those it has, and attaches it to the lease,
    /// in one transaction; publishes `/content/create` when it was not visible before. NOT_FOUND when the
    /// blob is not stored or the lease does not exist.
    ContentInfo link(String namespace, Digest digest, Map<String, String> labels, Optional<String> lease)
            throws IOException;

    /// [#link] of many in one transaction: labels by digest.
    void linkAll(String namespace, Map<Digest, Map<String, String>> labelsByDigest, Optional<String> lease)
            throws IOException;

    /// Which of these digests the namespace sees.
    Set<Digest> visible(String namespace, Collection<Digest> digests) throws IOException;

    /// Whether the namespace may take this blob without bringing its bytes: it sees it already, or the
    /// [SharingPolicy] lets it. Says nothing about whether it is stored.
    boolean isOpenTo(String namespace, Digest digest) throws IOException;

    /// Everywhere this blob is known to have come from; empty when it is not stored.
    Set<Provenance> provenance(Digest digest) throws IOException;

    /// Records one more verified source of a stored blob; nothing happens when the blob is not stored.
    void addProvenance(Digest digest, Provenance provenance) throws IOException;

    /// Notes that the blob was used now. Cheap, kept in memory and written at most every minute.
    void touch(Digest digest);
}
