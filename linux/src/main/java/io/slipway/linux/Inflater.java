package io.slipway.linux;

import java.nio.ByteBuffer;

/// Decompresses gzip, one member at a time, streaming, in bounded memory (about 100 KiB of state; the window lies
/// there). Header, CRC and length of each member are verified. One caller at a time, any thread; close it when done.
///
/// Several members are the caller's loop: after [Status#END_OF_MEMBER] call [#reset] and go on with what is left in
/// `in`. When the input ends and [#midMember] is true, the member is truncated; bytes behind the last member that are
/// no gzip header are a [GzipFormatException].
public interface Inflater extends AutoCloseable {
    /// Why a call came back.
    enum Status {
        /// All input was taken; give more.
        NEED_INPUT,
        /// `out` is full, and there may be more to come.
        NEED_OUTPUT,
        /// The member is whole and verified. Bytes behind it are left in `in`.
        END_OF_MEMBER
    }

    /// Takes from `in` and puts into `out` (both direct), moving both positions; never looks past their limits.
    ///
    /// @throws GzipFormatException the input is no gzip, is damaged, or its CRC or length is wrong. Nothing that
    ///     this member put out so far may be trusted; only [#reset] and [#close] may follow.
    Status inflate(ByteBuffer in, ByteBuffer out) throws GzipFormatException;

    /// Whether a member was begun (at least one byte of it taken) and is not finished.
    boolean midMember();

    /// Starts over with a new member.
    void reset();

    /// Frees the state outside the heap. Repeatable.
    @Override
    void close();
}
