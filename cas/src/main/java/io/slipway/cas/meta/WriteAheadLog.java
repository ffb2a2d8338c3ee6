package io.slipway.cas.meta;

import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;

/// Looks through the log of a database that was not closed (sqlite.org/fileformat2.html, 4).
///
/// SQLite believes the log up to its first bad frame and silently drops the rest. After a power cut that is right:
/// what was not on disk yet is at most the last transaction. When whole transactions follow the bad frame, it is not:
/// they were durable once, and some of them may be in the database already.
final class WriteAheadLog {

    private static final int HEADER_BYTES = 32;
    private static final int FRAME_HEADER_BYTES = 24;

    /// Of a frame's header, what its checksum covers.
    private static final int SUMMED_BYTES = 8;

    /// Of the log's header, what its checksum covers.
    private static final int HEADER_SUMMED_BYTES = 24;

    private static final int MAGIC = 0x377f0682;
    private static final int PAGE_BYTES_MAX = 65536;

    private final DataInputStream in;
    private final byte[] header = new byte[HEADER_BYTES];
    private int first;
    private int second;

    private WriteAheadLog(DataInputStream in) {
        this.in = in;
    }

    /// Whether committed transactions lie behind a bad frame.
    static boolean damaged(Path file) throws IOException {
        try (var in = new DataInputStream(new java.io.BufferedInputStream(Files.newInputStream(file), 1 << 16))) {
            return new WriteAheadLog(in).damaged();
        } catch (EOFException end) {
            return false;
        }
    }

    private boolean damaged() throws IOException {
        in.readFully(header);
        var head = ByteBuffer.wrap(header);
        int pageBytes = head.getInt(8);
        // The lowest bit of the magic says in which order checksums read words.
        boolean sound = (head.getInt(0) & ~1) == MAGIC && pageBytes >= 512 && pageBytes <= PAGE_BYTES_MAX;
        if (!sound) {
            return false;
        }
        var order = (head.getInt(0) & 1) == 1 ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN;
        long salts = head.getLong(16);
        sum(header, HEADER_SUMMED_BYTES, order);
        boolean bad = first != head.getInt(24) || second != head.getInt(28);
        boolean committed = false;
        var frame = new byte[FRAME_HEADER_BYTES];
        var page = new byte[pageBytes];
        while (true) {
            in.readFully(frame);
            in.readFully(page);
            var fields = ByteBuffer.wrap(frame);
            boolean ours = fields.getLong(8) == salts;
            if (!bad) {
                if (!ours) {
                    // From before the log was begun anew, or a torn beginning of a transaction.
                    bad = true;
                    continue;
                }
                sum(frame, SUMMED_BYTES, order);
                sum(page, pageBytes, order);
                bad = first != fields.getInt(16) || second != fields.getInt(20);
            }
            if (bad && ours) {
                if (committed) {
                    return true;
                }
                committed = fields.getInt(4) != 0;
            }
        }
    }

    private void sum(byte[] bytes, int length, ByteOrder order) {
        var words = ByteBuffer.wrap(bytes, 0, length).order(order);
        int one = first;
        int two = second;
        while (words.hasRemaining()) {
            one += words.getInt() + two;
            two += words.getInt() + one;
        }
        first = one;
        second = two;
    }
}
