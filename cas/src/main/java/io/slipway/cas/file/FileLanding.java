package io.slipway.cas.file;

import io.slipway.cas.ByteRange;
import io.slipway.cas.Digest;
import io.slipway.cas.Landing;
import io.slipway.cas.SizeMismatchException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/// A [Reception] as one party's fetch sees it. What that party expects of the size binds its own fetch
/// and nobody else: a manifest may lie about the size of a blob that others want too.
final class FileLanding implements Landing {

    private final Reception reception;
    private final Party party;
    private volatile boolean over;

    FileLanding(Reception reception, Party party) {
        this.reception = reception;
        this.party = party;
    }

    /// The fetch has returned.
    void end() {
        over = true;
    }

    private LandedBytes bytes() {
        if (over) {
            throw new IllegalStateException("this fetch has ended");
        }
        return reception.bytes();
    }

    @Override
    public Digest digest() {
        return reception.digest();
    }

    @Override
    public OptionalLong size() {
        var known = reception.bytes().size();
        return known.isPresent() ? known : party.expected();
    }

    @Override
    public void size(long size) throws IOException {
        var open = bytes();
        var expected = party.expected();
        if (expected.isPresent() && expected.getAsLong() != size) {
            throw new SizeMismatchException(
                    "the source has " + size + " bytes where " + expected.getAsLong() + " are expected");
        }
        open.size(size);
        reception.requireRoom(size);
    }

    @Override
    public List<ByteRange> missing() {
        return reception.bytes().missing(party.expected().orElse(Long.MAX_VALUE));
    }

    @Override
    public void write(long offset, ByteBuffer data) throws IOException {
        var open = bytes();
        long end = offset + data.remaining();
        var expected = party.expected();
        if (expected.isPresent() && end > expected.getAsLong()) {
            throw new SizeMismatchException("bytes up to " + end + " where " + expected.getAsLong() + " are expected");
        }
        reception.write(open, party, offset, data);
    }

    @Override
    public Optional<ByteRange> wanted() {
        return reception.bytes().wanted(party.expected().orElse(Long.MAX_VALUE));
    }

    @Override
    public void source(String host) {
        reception.source(host);
    }
}
