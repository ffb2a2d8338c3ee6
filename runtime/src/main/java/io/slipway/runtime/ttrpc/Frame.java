package io.slipway.runtime.ttrpc;

import com.google.protobuf.ByteString;

/// One frame: a header of ten bytes (length, stream id, type, flags, all big-endian) and its payload.
///
/// @param streamId unsigned 32 bit; clients use odd ones, each larger than the last
/// @param type one of the type constants; unknown types are skipped by both ends
/// @param flags bits of a streaming call; 0 on unary frames
/// @param payload at most [#PAYLOAD_BYTES_MAX]
record Frame(int streamId, int type, int flags, ByteString payload) {
    static final int HEADER_BYTES = 10;
    /// The largest length a frame may announce.
    static final int PAYLOAD_BYTES_MAX = 4 << 20;

    static final int REQUEST = 1;
    static final int RESPONSE = 2;
    static final int DATA = 3;

    static String tooLong(long length) {
        return "message length " + length + " exceed maximum message size of " + PAYLOAD_BYTES_MAX;
    }
}
