package io.slipway.cas.file;

import io.slipway.cas.Digest;
import java.io.IOException;
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
}
