package io.slipway.linux;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/// One member after another: header, deflate data and trailer, with some engine for the latter two.
final class GzipMember implements Inflater {
    /// Deflate data and the 8 bytes of trailer behind it.
    interface Engine extends AutoCloseable {
        /// Takes and puts out what it can.
        ///
        /// @return true when the trailer was taken and agrees with what was put out
        boolean run(ByteBuffer in, ByteBuffer out) throws GzipFormatException;

        void reset();

        @Override
        void close();
    }

    private enum State {
        HEADER,
        BODY,
        END,
        FAILED
    }

    private final GzipHeader header = new GzipHeader();
    private @Nullable Engine engine;
    private State state = State.HEADER;

    GzipMember(Engine engine) {
        this.engine = engine;
    }

    @Override
    public Status inflate(ByteBuffer in, ByteBuffer out) throws GzipFormatException {
        Engine open = open();
        if (!in.isDirect() || !out.isDirect() || out.isReadOnly()) {
            throw new IllegalArgumentException("direct buffers only");
        }
        switch (state) {
            case END -> throw new IllegalStateException("the member has ended: reset first");
            case FAILED -> throw new IllegalStateException("the member is damaged: reset first");
            case HEADER, BODY -> {}
        }
        boolean whole = false;
        try {
            if (state == State.HEADER) {
                if (!header.read(in)) {
                    return Status.NEED_INPUT;
                }
                state = State.BODY;
            }
            whole = open.run(in, out);
        } catch (GzipFormatException e) {
            state = State.FAILED;
            throw e;
        }
        if (whole) {
            state = State.END;
            return Status.END_OF_MEMBER;
        }
        return out.hasRemaining() ? Status.NEED_INPUT : Status.NEED_OUTPUT;
    }

    @Override
    public boolean midMember() {
        return state == State.BODY || (state == State.HEADER && header.begun());
    }

    @Override
    public void reset() {
        open().reset();
        header.reset();
        state = State.HEADER;
    }

    @Override
    public void close() {
        Engine open = engine;
        engine = null;
        if (open != null) {
            open.close();
        }
    }

    private Engine open() {
        Engine open = engine;
        if (open == null) {
            throw new IllegalStateException("the inflater is closed");
        }
        return open;
    }
}
