package io.slipway.puller.archive;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;

/// Bounds what lies between two files of an archive: the tar reader keeps long names and PAX records in memory, and
/// their size is what the archive says.
final class MetadataGuard extends FilterInputStream {
    /// Headers, names and records of one entry.
    static final int METADATA_BYTES_MAX = 1 << 20;

    private long allowed = Long.MAX_VALUE;

    MetadataGuard(InputStream in) {
        super(in);
    }

    /// Until [#inFile], no more than [#METADATA_BYTES_MAX] are given out.
    void betweenFiles() {
        allowed = METADATA_BYTES_MAX;
    }

    /// The bytes that come belong to a file.
    void inFile() {
        allowed = Long.MAX_VALUE;
    }

    @Override
    public int read() throws IOException {
        int value = super.read();
        if (value >= 0) {
            count(1);
        }
        return value;
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
        int count = super.read(bytes, offset, length);
        count(count);
        return count;
    }

    @Override
    public long skip(long count) throws IOException {
        long skipped = super.skip(count);
        count(skipped);
        return skipped;
    }

    private void count(long count) throws IOException {
        if (count > 0) {
            allowed -= count;
            if (allowed < 0) {
                throw new IOException("an entry has more than " + METADATA_BYTES_MAX + " bytes of names and records");
            }
        }
    }
}
