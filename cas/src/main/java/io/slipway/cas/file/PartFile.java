package io.slipway.cas.file;

import io.slipway.cas.ByteRange;
import io.slipway.cas.Digest;
import io.slipway.cas.StoreException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/// The files of one arrival in `ingest/`: opened with what an earlier fetch left in them, published, or
/// dropped.
final class PartFile implements AutoCloseable {

    private final Workshop shop;
    private final Digest digest;
    private final Path part;
    private final Path record;
    private final PositionalFile file;

    private PartFile(Workshop shop, ArrivalKey key, PositionalFile file) {
        this.shop = shop;
        this.digest = key.digest();
        this.part = shop.layout().part(key);
        this.record = shop.layout().ranges(key);
        this.file = file;
    }

    /// Opens the file and puts into `bytes` what is usable of an earlier fetch from the same origin.
    static Opened open(Workshop shop, ArrivalKey key, LandedBytes bytes, OptionalLong expected) throws IOException {
        var part = shop.layout().part(key);
        var left = read(shop, key);
        var file = shop.disk().openForWriting(part);
        try {
            List<ByteRange> synced = List.of();
            if (left.isPresent() && fits(left.get(), expected, file.size(), shop.bootId())) {
                var usable = left.get().usable(shop.bootId());
                synced = left.get().synced();
                bytes.resume(usable);
                if (left.get().size() >= 0) {
                    bytes.size(left.get().size());
                }
            } else if (file.size() > 0) {
                shop.disk().truncate(file, 0);
            }
            return new Opened(new PartFile(shop, key, file), synced);
        } catch (IOException | RuntimeException e) {
            file.close();
            throw e;
        }
    }

    /// @param synced what of the resumed ranges is on disk for sure
    record Opened(PartFile file, List<ByteRange> synced) {}

    PositionalFile file() {
        return file;
    }

    Path part() {
        return part;
    }

    Path record() {
        return record;
    }

    /// The bytes are verified: makes them durable under their digest.
    void publish(long size) throws StoreException {
        try {
            if (file.size() != size) {
                shop.disk().truncate(file, size);
            }
        } catch (StoreException e) {
            throw e;
        } catch (IOException e) {
            throw Disk.refused("look at", part, e);
        }
        Publication.publish(shop, part, digest);
        shop.disk().delete(record);
    }

    /// Nothing of it is kept.
    void drop() throws StoreException {
        shop.disk().delete(record);
        shop.disk().delete(part);
    }

    @Override
    public void close() {
        file.close();
    }

    private static Optional<RangeRecord> read(Workshop shop, ArrivalKey key) {
        var record = shop.layout().ranges(key);
        try {
            if (!Files.exists(record) || Files.size(record) > RangeRecord.MAX_BYTES) {
                return Optional.empty();
            }
            return RangeRecord.decode(Files.readAllBytes(record));
        } catch (IOException unreadable) {
            return Optional.empty();
        }
    }

    private static boolean fits(RangeRecord left, OptionalLong size, long fileSize, String bootId) {
        long end = left.usable(bootId).stream().mapToLong(ByteRange::to).max().orElse(0);
        boolean sameSize = size.isEmpty() || left.size() < 0 || left.size() == size.getAsLong();
        return sameSize && end <= fileSize && end <= size.orElse(Long.MAX_VALUE);
    }
}
