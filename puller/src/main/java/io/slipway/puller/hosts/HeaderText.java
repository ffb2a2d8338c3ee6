package io.slipway.puller.hosts;

import java.util.regex.Pattern;

/// What may stand in an HTTP header (RFC 9110 5.1, 5.5), so that configured values can't smuggle further headers.
public final class HeaderText {
    private static final Pattern TOKEN = Pattern.compile("[!#$%&'*+.^_`|~0-9A-Za-z-]{1,256}");

    private HeaderText() {}

    /// Whether this is a field name.
    public static boolean isName(String text) {
        return TOKEN.matcher(text).matches();
    }

    /// Whether this is a field value: printable or tab, at most 16 KiB.
    public static boolean isValue(String text) {
        return text.length() <= 16 * 1024
                && text.chars().allMatch(c -> c == '\t' || (c >= ' ' && c != 0x7f && c <= 0xff));
    }
}
