package io.slipway.puller.archive;

import io.slipway.cas.ApiException;
import io.slipway.cas.Contents;
import io.slipway.cas.Digest;
import io.slipway.cas.Ingests;
import io.slipway.cas.Ingests.Ingest;
import io.slipway.cas.Landing;
import io.slipway.puller.archive.Archive.Stored;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.Optional;

/// Puts the files of an archive into the store, under the lease. One thread.
final class Intake implements ArchiveReader.Files {
    private static final int BUFFER_BYTES = 1 << 20;

    private final Contents contents;
    private final Ingests ingests;
    private final Holding holding;
    private final byte[] buffer = new byte[BUFFER_BYTES];
    private int count;

    Intake(Contents contents, Ingests ingests, Holding holding) {
        this.contents = contents;
        this.ingests = ingests;
        this.holding = holding;
    }

    @Override
    public Stored blob(Digest digest, long size, InputStream content) throws BadArchive, IOException {
        String namespace = holding.namespace();
        var visible = contents.info(namespace, digest);
        if (visible.isPresent()) {
            if (visible.get().size() != size) {
                throw new BadArchive("blob " + digest + " has " + size + " bytes there, it should have "
                        + visible.get().size());
            }
            contents.link(namespace, digest, Map.of(), Optional.of(holding.lease()));
            return new Stored(digest, size);
        }
        return take("blob " + digest, size, content, Optional.of(digest));
    }

    @Override
    public Stored file(String name, long size, InputStream content) throws BadArchive, IOException {
        return take("\"" + ArchivePath.shown(name) + "\"", size, content, Optional.empty());
    }

    /// A document that was made here.
    Stored document(byte[] bytes) throws IOException {
        try {
            return take("a manifest", bytes.length, new ByteArrayInputStream(bytes), Optional.empty());
        } catch (BadArchive e) {
            throw new IllegalStateException("bytes in memory are all there", e);
        }
    }

    private Stored take(String what, long size, InputStream content, Optional<Digest> expected)
            throws BadArchive, IOException {
        if (size < 0 || size > Landing.MAX_SIZE_BYTES) {
            throw new BadArchive(what + " has the impossible size " + size);
        }
        String ref = "archive-" + holding.lease() + "-" + count++;
        try (Ingest ingest = ingests.open(holding.namespace(), ref, Optional.of(holding.lease()))) {
            boolean finished = false;
            try {
                ingest.total(size);
                copy(content, ingest);
                Stored stored = new Stored(commit(ingest, what, size, expected), size);
                finished = true;
                return stored;
            } finally {
                if (!finished) {
                    drop(ingest);
                }
            }
        }
    }

    private void copy(InputStream content, Ingest ingest) throws IOException {
        for (int read = content.readNBytes(buffer, 0, buffer.length);
                read > 0;
                read = content.readNBytes(buffer, 0, buffer.length)) {
            ingest.write(ByteBuffer.wrap(buffer, 0, read));
        }
    }

    private static Digest commit(Ingest ingest, String what, long size, Optional<Digest> expected)
            throws BadArchive, IOException {
        if (ingest.status().offset() != size) {
            throw new BadArchive(what + " ends after " + ingest.status().offset() + " of its " + size + " bytes");
        }
        Digest digest = ingest.digest();
        try {
            return ingest.commit(size, expected, Map.of());
        } catch (ApiException e) {
            return switch (e.code()) {
                // The lease covers it all the same.
                case ALREADY_EXISTS -> expected.orElse(digest);
                case FAILED_PRECONDITION -> throw new BadArchive(what + " is damaged or forged: " + e.getMessage(), e);
                default -> throw e;
            };
        }
    }

    private static void drop(Ingest ingest) {
        try {
            ingest.abort();
        } catch (IOException | IllegalStateException | ApiException _) {
            // It has ended, or stays until its lease is gone; the first failure is what counts.
        }
    }
}
