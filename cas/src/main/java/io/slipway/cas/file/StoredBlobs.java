package io.slipway.cas.file;

import io.slipway.cas.Arrival;
import io.slipway.cas.Digest;
import io.slipway.cas.Inspection;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.Consumer;

/// Port: the files that the records are about.
public interface StoredBlobs {

    /// Size of a stored blob; empty when it is not stored.
    OptionalLong size(Digest digest) throws IOException;

    /// Takes it away unless somebody has it open or asks for it; false when somebody does.
    boolean remove(Digest digest) throws IOException;

    /// Frees the bytes of what was removed.
    void emptyTrash() throws IOException;

    /// Digests that are open, arriving or asked for.
    Set<Digest> held();

    void each(Consumer<Digest> stored) throws IOException;

    /// Which file has the blob's name; empty when none has.
    Optional<Rehash.FileId> file(Digest digest) throws IOException;

    /// The whole of a stored blob; empty when it is not stored or is larger than `bytesMax`.
    Optional<byte[]> bytes(Digest digest, int bytesMax) throws IOException;

    /// Reads it again and compares its digest.
    Rehash.Result rehash(Digest digest, Rehash.Pace pace) throws IOException, InterruptedException;

    /// Told of each stored blob that a reader could not read, or says can't be what it should be. Plugged once; it must
    /// not wait.
    void whenDoubted(Consumer<Digest> told);

    /// Moves that very file to `quarantine/`, also while somebody has it open; false when another one has the
    /// blob's name by now.
    boolean quarantine(Digest digest, Rehash.FileId file) throws IOException;

    /// Digests of which a file is in `quarantine/`.
    Set<Digest> putAside() throws IOException;

    /// Fetches that are bringing it.
    List<Arrival.Progress> arriving(Digest digest);

    /// Ingests: how many, and the lengths of their files (what has not arrived yet is a hole in them).
    Inspection.Amount ingests() throws IOException;

    Inspection.Amount quarantined() throws IOException;

    /// Names of files among the blobs that are no digests, at most [#STRAYS_MAX].
    List<String> strays() throws IOException;

    int STRAYS_MAX = 1_000;
}
