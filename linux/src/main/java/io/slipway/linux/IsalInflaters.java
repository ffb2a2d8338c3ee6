package io.slipway.linux;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.util.Optional;

/// Inflates by Intel's ISA-L (`isa-l/igzip_lib.h`), about twice as fast as zlib.
///
/// `struct inflate_state` has no accessors and its layout belongs to the version. There is no call that tells the
/// version either, so the layout is proven before use: a state that is larger than any version's is filled with a
/// pattern, the library must leave the part behind ours untouched, and a known member, a damaged one and a truncated
/// one, cut at every byte, must come out as they should.
final class IsalInflaters implements InflaterProvider {
    private static final String SONAME = "libisal.so.2";

    // struct inflate_state of 2.30 (and of every version with the same answer to the probe)
    private static final int NEXT_OUT = 0;
    private static final int AVAIL_OUT = 8;
    private static final int NEXT_IN = 16;
    private static final int AVAIL_IN = 32;
    private static final int BLOCK_STATE = 21160;
    private static final int CRC_FLAG = 21172;

    /// The whole state is about 87,400 bytes in 2.30; what lies behind it is only there to be found untouched.
    private static final int STATE_BYTES = 96 * 1024;

    private static final int GUARD_FROM = 92 * 1024;

    /// isal_block_state: everything is decoded, put out, and checked
    private static final int ISAL_BLOCK_FINISH = 5;

    /// Deflate data with a gzip trailer that is verified, without header
    private static final int ISAL_GZIP_NO_HDR_VER = 6;

    private static final int ISAL_INCORRECT_CHECKSUM = -6;

    private final String name;
    private final MethodHandle init;
    private final MethodHandle reset;
    private final MethodHandle inflate;

    private IsalInflaters(String name, SymbolLookup symbols) {
        this.name = name;
        init = Native.function(symbols, "isal_inflate_init", FunctionDescriptor.ofVoid(ADDRESS));
        reset = Native.function(symbols, "isal_inflate_reset", FunctionDescriptor.ofVoid(ADDRESS));
        inflate = Native.function(symbols, "isal_inflate", FunctionDescriptor.of(JAVA_INT, ADDRESS));
    }

    /// Nothing when there is no ISA-L, or its layout is not the one we know.
    static Optional<InflaterProvider> load() {
        return Native.library(SONAME).flatMap(IsalInflaters::prove);
    }

    private static Optional<InflaterProvider> prove(Native.Library library) {
        try {
            IsalInflaters isal = new IsalInflaters("isa-l (" + library.origin() + ")", library.symbols());
            return new IsalProof(isal).holds() ? Optional.of(isal) : Optional.empty();
        } catch (UnsatisfiedLinkError missing) {
            return Optional.empty();
        }
    }

    @Override
    public Inflater open() {
        return new GzipMember(engine());
    }

    IsalEngine engine() {
        return new IsalEngine(this);
    }

    @Override
    public String name() {
        return name;
    }

    static final class IsalEngine implements GzipMember.Engine {
        private final IsalInflaters isal;
        private final Arena arena = Arena.ofShared();
        private final MemorySegment state = arena.allocate(STATE_BYTES, 64);

        private IsalEngine(IsalInflaters isal) {
            this.isal = isal;
            state.asSlice(GUARD_FROM).fill((byte) 0xA5);
            try {
                isal.init.invokeExact(state);
            } catch (Throwable t) {
                throw Native.bug(t);
            }
            state.set(JAVA_INT, CRC_FLAG, ISAL_GZIP_NO_HDR_VER);
        }

        /// Whether the library kept out of what must lie behind its state.
        boolean guardIsWhole() {
            MemorySegment guard = state.asSlice(GUARD_FROM);
            for (long i = 0; i < guard.byteSize(); i++) {
                if (guard.get(JAVA_BYTE, i) != (byte) 0xA5) {
                    return false;
                }
            }
            return true;
        }

        @Override
        public boolean run(ByteBuffer in, ByteBuffer out) throws GzipFormatException {
            MemorySegment input = MemorySegment.ofBuffer(in);
            MemorySegment output = MemorySegment.ofBuffer(out);
            state.set(JAVA_LONG, NEXT_IN, input.address());
            state.set(JAVA_INT, AVAIL_IN, in.remaining());
            state.set(JAVA_LONG, NEXT_OUT, output.address());
            state.set(JAVA_INT, AVAIL_OUT, out.remaining());
            int result;
            try {
                result = (int) isal.inflate.invokeExact(state);
            } catch (Throwable t) {
                throw Native.bug(t);
            } finally {
                Reference.reachabilityFence(in);
                Reference.reachabilityFence(out);
            }
            // Before the positions: a trailer that does not fit may leave the library one byte out (2.30).
            if (result < 0) {
                throw new GzipFormatException(
                        result == ISAL_INCORRECT_CHECKSUM
                                ? "the CRC or the length of the member is wrong"
                                : "the compressed data is damaged");
            }
            in.position(in.limit() - left(AVAIL_IN, in));
            out.position(out.limit() - left(AVAIL_OUT, out));
            return state.get(JAVA_INT, BLOCK_STATE) == ISAL_BLOCK_FINISH;
        }

        /// What is left of a buffer by the library's word, which must lie inside it.
        private int left(int field, ByteBuffer buffer) {
            int left = state.get(JAVA_INT, field);
            if (left < 0 || left > buffer.remaining()) {
                throw new IllegalStateException("ISA-L left " + left + " of " + buffer.remaining() + " bytes");
            }
            return left;
        }

        @Override
        public void reset() {
            try {
                isal.reset.invokeExact(state);
            } catch (Throwable t) {
                throw Native.bug(t);
            }
            state.set(JAVA_INT, CRC_FLAG, ISAL_GZIP_NO_HDR_VER);
        }

        @Override
        public void close() {
            if (arena.scope().isAlive()) {
                arena.close();
            }
        }
    }
}
