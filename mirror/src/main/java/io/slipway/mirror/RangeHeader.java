package io.slipway.mirror;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// `Range` and `If-Range` of a blob request (RFC 9110, 14). Several ranges are answered with the whole, which the
/// RFC allows and every registry client understands; one of several is never picked.
final class RangeHeader {

    private static final Pattern SINGLE =
            Pattern.compile("bytes=(?:([0-9]+)-([0-9]*)|-([0-9]+))", Pattern.CASE_INSENSITIVE);

    /// More digits than any size has; the value saturates.
    private static final int MAX_DIGITS = 18;

    private RangeHeader() {}

    /// What to send.
    sealed interface Selection {
        /// The whole, status 200.
        record Whole() implements Selection {}

        /// Bytes from (inclusive) to (exclusive), not empty, status 206.
        record Part(long from, long to) implements Selection {}

        /// Nothing, status 416.
        record Unsatisfiable() implements Selection {}
    }

    /// Decides what part of `size` bytes to send.
    ///
    /// @param range value of `Range`, empty if absent
    /// @param ifRange value of `If-Range`, empty if absent
    /// @param etag the entity tag of what is there, with its quotes
    static Selection select(String range, String ifRange, String etag, long size) {
        if (range.isEmpty() || !(ifRange.isEmpty() || ifRange.equals(etag))) {
            return new Selection.Whole();
        }
        Matcher m = SINGLE.matcher(range.strip());
        if (!m.matches()) {
            return new Selection.Whole();
        }
        if (m.group(3) != null) {
            long count = Math.min(number(m.group(3)), size);
            return count == 0 ? new Selection.Unsatisfiable() : new Selection.Part(size - count, size);
        }
        long first = number(m.group(1));
        long last = m.group(2).isEmpty() ? Long.MAX_VALUE - 1 : number(m.group(2));
        if (first >= size || last < first) {
            return new Selection.Unsatisfiable();
        }
        return new Selection.Part(first, Math.min(last + 1, size));
    }

    private static long number(String digits) {
        String plain = digits.replaceFirst("^0+(?=.)", "");
        return plain.length() > MAX_DIGITS ? Long.MAX_VALUE - 1 : Long.parseLong(plain);
    }
}
