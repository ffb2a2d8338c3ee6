package io.slipway.puller.archive;

import io.slipway.cas.Blob;
import io.slipway.cas.BlobStore;
import io.slipway.cas.Digest;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.util.HashSet;
import java.util.Set;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;

/// Writes a tar archive whose bytes depend on nothing but names and content: no times, no owners. One thread.
final class ArchiveWriter implements AutoCloseable {
    private static final int BUFFER_BYTES = 256 << 10;
    private static final int FILE_MODE = 0100444;
    private static final int DIRECTORY_MODE = 040755;

    private final BlobStore store;
    private final TarArchiveOutputStream tar;
    private final Set<String> directories = new HashSet<>();
    private final byte[] buffer = new byte[BUFFER_BYTES];

    ArchiveWriter(BlobStore store, OutputStream out) {
        this.store = store;
        this.tar = new TarArchiveOutputStream(new BufferedOutputStream(out, BUFFER_BYTES), "UTF-8");
        this.tar.setBigNumberMode(TarArchiveOutputStream.BIGNUMBER_POSIX);
        this.tar.setLongFileMode(TarArchiveOutputStream.LONGFILE_POSIX);
    }

    void document(String name, byte[] content) throws IOException {
        begin(name, content.length);
        tar.write(content);
        tar.closeArchiveEntry();
    }

    void blob(String name, Digest digest) throws IOException {
        try (Blob blob =
                store.open(digest).orElseThrow(() -> new IOException("blob " + digest + " is gone from the store"))) {
            begin(name, blob.size());
            for (long at = 0; at < blob.size(); ) {
                int count = blob.read(at, ByteBuffer.wrap(buffer));
                if (count < 0) {
                    throw new IOException("blob " + digest + " ends before its size of " + blob.size());
                }
                tar.write(buffer, 0, count);
                at += count;
            }
            tar.closeArchiveEntry();
        }
    }

    private void begin(String name, long size) throws IOException {
        directory(ArchivePath.parent(name));
        entry(name, size, FILE_MODE);
    }

    private void directory(String name) throws IOException {
        if (!name.isEmpty() && directories.add(name)) {
            directory(ArchivePath.parent(name));
            entry(name + "/", 0, DIRECTORY_MODE);
            tar.closeArchiveEntry();
        }
    }

    private void entry(String name, long size, int mode) throws IOException {
        TarArchiveEntry entry = new TarArchiveEntry(name);
        entry.setSize(size);
        entry.setMode(mode);
        entry.setModTime(0);
        entry.setIds(0, 0);
        entry.setNames("", "");
        tar.putArchiveEntry(entry);
    }

    /// Writes the end of the archive.
    void finish() throws IOException {
        tar.finish();
        tar.flush();
    }

    @Override
    public void close() throws IOException {
        tar.close();
    }
}
