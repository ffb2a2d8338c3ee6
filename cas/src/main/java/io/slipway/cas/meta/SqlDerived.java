package io.slipway.cas.meta;

import io.slipway.cas.Derived;
import io.slipway.cas.Digest;
import io.slipway.cas.Metadata;
import java.io.IOException;
import java.util.Optional;

/// [Derived] in the table of that name.
final class SqlDerived implements Derived {

    private final Metadata metadata;

    SqlDerived(Metadata metadata) {
        this.metadata = metadata;
    }

    @Override
    public Optional<byte[]> get(Digest digest, String kind) throws IOException {
        return metadata.read(connection -> Db.one(
                connection,
                "SELECT value FROM derived WHERE digest=? AND kind=?",
                row -> row.getBytes(1),
                digest.toString(),
                kind));
    }

    @Override
    public void put(Digest digest, String kind, byte[] value) throws IOException {
        if (kind.isEmpty() || kind.length() > MAX_KIND_LENGTH || value.length > MAX_VALUE_BYTES) {
            throw new IllegalArgumentException(
                    "a derived value of kind \"" + kind + "\" with " + value.length + " bytes is out of bounds");
        }
        var copy = value.clone();
        metadata.write(connection -> Db.update(
                connection,
                "INSERT INTO derived(digest, kind, value) SELECT ?,?,? WHERE EXISTS(SELECT 1 FROM blob WHERE digest=?)"
                        + " ON CONFLICT(digest, kind) DO UPDATE SET value=excluded.value",
                digest.toString(),
                kind,
                copy,
                digest.toString()));
    }
}
