package io.slipway.cas.meta;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/// The first bytes of a database (sqlite.org/fileformat2.html, 1.3), looked at before SQLite is.
final class FileHeader {

    /// `SLPW`, by which our databases are known from those of other programs; older ones have 0.
    static final int APPLICATION_ID = 0x534C5057;

    private static final byte[] MAGIC = "SQLite format 3\0".getBytes(StandardCharsets.US_ASCII);
    private static final int BYTES = 100;
    private static final int APPLICATION_ID_AT = 68;

    private FileHeader() {}

    /// Whether it was made here.
    static boolean isNamed(Path file) throws IOException {
        var header = read(file);
        return header.length == BYTES && ByteBuffer.wrap(header).getInt(APPLICATION_ID_AT) == APPLICATION_ID;
    }

    private static byte[] read(Path file) throws IOException {
        try (var in = Files.newInputStream(file)) {
            return in.readNBytes(BYTES);
        }
    }

    /// Why that file can't be a database of ours; empty when it can.
    static Optional<String> wrong(Path file) throws IOException {
        var header = read(file);
        if (header.length < BYTES || !ByteBuffer.wrap(header, 0, MAGIC.length).equals(ByteBuffer.wrap(MAGIC))) {
            return Optional.of("it is no SQLite database");
        }
        int id = ByteBuffer.wrap(header).getInt(APPLICATION_ID_AT);
        return id == 0 || id == APPLICATION_ID
                ? Optional.empty()
                : Optional.of("it is another program's database (application id " + Integer.toHexString(id) + ")");
    }
}
