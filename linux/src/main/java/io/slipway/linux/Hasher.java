package io.slipway.linux;

import java.nio.ByteBuffer;

/// One running hash over one stream of bytes. One caller at a time, any thread; close it when done.
public interface Hasher extends AutoCloseable {
    /// Takes the remaining bytes of `data` and moves its position to its limit. Direct buffers are read in place.
    void update(ByteBuffer data);

    void update(byte[] bytes, int offset, int length);

    /// The hash of everything taken. Ends the stream: afterwards only [#close] may be called.
    byte[] digest();

    /// The hash of everything taken so far; more may be taken afterwards. Costs the copy of a small state.
    byte[] digestSoFar();

    /// Frees the state outside the heap. Repeatable.
    @Override
    void close();
}
