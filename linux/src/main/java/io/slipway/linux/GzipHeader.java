package io.slipway.linux;

import java.nio.ByteBuffer;
import java.util.zip.CRC32;

/// Reads one member's header (RFC 1952, 2.3), however it is cut into pieces, and skips what it carries: extra field,
/// name and comment are never kept, so a header of any length takes no memory.
///
/// Shared by all engines, so that they accept the same. (ISA-L's own header reading loses its place when a header
/// with a name and a CRC is split between two calls.)
final class GzipHeader {
    private static final int DEFLATE = 8;
    private static final int FHCRC = 2;
    private static final int FEXTRA = 4;
    private static final int FNAME = 8;
    private static final int FCOMMENT = 16;
    private static final int RESERVED = 0xE0;

    private static final int FIXED_BYTES = 10;

    private enum State {
        FIXED,
        EXTRA_LENGTH,
        EXTRA,
        NAME,
        COMMENT,
        CRC,
        DONE
    }

    private final CRC32 crc = new CRC32();
    private State state = State.FIXED;
    private int flags;
    private int position;
    private int number;

    void reset() {
        crc.reset();
        state = State.FIXED;
        flags = 0;
        position = 0;
        number = 0;
    }

    /// Whether at least one byte was taken.
    boolean begun() {
        return state != State.FIXED || position > 0;
    }

    boolean done() {
        return state == State.DONE;
    }

    /// Takes bytes of the header.
    ///
    /// @return true when it is complete
    boolean read(ByteBuffer in) throws GzipFormatException {
        while (state != State.DONE && in.hasRemaining()) {
            int b = Byte.toUnsignedInt(in.get());
            if (state != State.CRC) {
                crc.update(b);
            }
            take(b);
        }
        return state == State.DONE;
    }

    private void take(int b) throws GzipFormatException {
        switch (state) {
            case FIXED -> fixed(b);
            case EXTRA_LENGTH -> {
                number |= b << (8 * position++);
                if (position == 2) {
                    position = 0;
                    if (number == 0) {
                        after(State.EXTRA);
                    } else {
                        state = State.EXTRA;
                    }
                }
            }
            case EXTRA -> {
                if (++position == number) {
                    after(State.EXTRA);
                }
            }
            case NAME, COMMENT -> {
                if (b == 0) {
                    after(state);
                }
            }
            case CRC -> {
                number |= b << (8 * position++);
                if (position == 2) {
                    if (number != (crc.getValue() & 0xFFFF)) {
                        throw new GzipFormatException("the CRC of the gzip header is wrong");
                    }
                    state = State.DONE;
                }
            }
            case DONE -> throw new IllegalStateException();
        }
    }

    private void fixed(int b) throws GzipFormatException {
        switch (position++) {
            case 0 -> require(b == 0x1F, "not gzip: the first byte is " + b);
            case 1 -> require(b == 0x8B, "not gzip: the second byte is " + b);
            case 2 -> require(b == DEFLATE, "gzip with compression method " + b);
            case 3 -> {
                require((b & RESERVED) == 0, "gzip with reserved flags " + b);
                flags = b;
            }
            case FIXED_BYTES - 1 -> after(State.FIXED);
            default -> {
                // Modification time, extra flags and operating system say nothing about the bytes.
            }
        }
    }

    private static void require(boolean holds, String otherwise) throws GzipFormatException {
        if (!holds) {
            throw new GzipFormatException(otherwise);
        }
    }

    /// Goes on with the next part that the flags announce.
    private void after(State finished) {
        position = 0;
        number = 0;
        if (finished.compareTo(State.EXTRA_LENGTH) < 0 && (flags & FEXTRA) != 0) {
            state = State.EXTRA_LENGTH;
        } else if (finished.compareTo(State.NAME) < 0 && (flags & FNAME) != 0) {
            state = State.NAME;
        } else if (finished.compareTo(State.COMMENT) < 0 && (flags & FCOMMENT) != 0) {
            state = State.COMMENT;
        } else if ((flags & FHCRC) != 0) {
            state = State.CRC;
        } else {
            state = State.DONE;
        }
    }
}
