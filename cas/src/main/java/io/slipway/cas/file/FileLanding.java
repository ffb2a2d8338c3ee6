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

/// A [Reception] as its fetch sees it.
record FileLanding(Reception reception) implements Landing {

    @Override
    public Digest digest() {
        return reception.digest();
    }

    @Override
    public OptionalLong size() {
        return reception.bytes().size();
    }

    @Override
    public void size(long size) throws SizeMismatchException {
        reception.bytes().size(size);
    }

    @Override
    public List<ByteRange> missing() {
        return reception.bytes().missing();
    }

    @Override
    public void write(long offset, ByteBuffer data) throws IOException {
        reception.write(offset, data);
    }

    @Override
    public Optional<ByteRange> wanted() {
        return reception.bytes().wanted();
    }

    @Override
    public void source(String host) {
        reception.source(host);
    }
}
