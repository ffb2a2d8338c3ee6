package io.slipway.cas.filter;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/// The escapes of a Go interpreted string literal (Go specification, "String literals"): what clients write
/// with %q.
final class GoQuote {

    private GoQuote() {}

    /// The text between the quotes with its escapes resolved; IllegalArgumentException for an escape Go does
    /// not have.
    static String unescape(String body) {
        if (body.indexOf('\\') < 0) {
            return body;
        }
        // Collected as bytes: \x and octal escapes name bytes of UTF-8, not characters.
        var out = new ByteArrayOutputStream(body.length());
        int at = 0;
        while (at < body.length()) {
            int c = body.codePointAt(at);
            at += Character.charCount(c);
            if (c != '\\') {
                write(out, c);
                continue;
            }
            if (at >= body.length()) {
                throw new IllegalArgumentException("invalid escape");
            }
            char escape = body.charAt(at++);
            int simple = "abfnrtv\\\"".indexOf(escape);
            if (simple >= 0) {
                out.write("\u0007\b\f\n\r\t\u000b\\\"".charAt(simple));
            } else if (escape == 'x') {
                out.write(number(body, at, 2, 16));
                at += 2;
            } else if (escape == 'u' || escape == 'U') {
                int digits = escape == 'u' ? 4 : 8;
                write(out, number(body, at, digits, 16));
                at += digits;
            } else if (escape >= '0' && escape <= '7') {
                int octal = number(body, at - 1, 3, 8);
                if (octal > 255) {
                    throw new IllegalArgumentException("invalid escape");
                }
                out.write(octal);
                at += 2;
            } else {
                throw new IllegalArgumentException("invalid escape");
            }
        }
        return out.toString(StandardCharsets.UTF_8);
    }

    private static void write(ByteArrayOutputStream out, int codePoint) {
        if (!Character.isValidCodePoint(codePoint)) {
            throw new IllegalArgumentException("invalid escape");
        }
        out.writeBytes(Character.toString(codePoint).getBytes(StandardCharsets.UTF_8));
    }

    private static int number(String body, int from, int digits, int radix) {
        if (from + digits > body.length()) {
            throw new IllegalArgumentException("invalid escape");
        }
        long value = 0;
        for (int i = from; i < from + digits; i++) {
            int digit = Character.digit(body.charAt(i), radix);
            if (digit < 0) {
                throw new IllegalArgumentException("invalid escape");
            }
            value = value * radix + digit;
        }
        return (int) Math.min(value, Integer.MAX_VALUE);
    }
}
