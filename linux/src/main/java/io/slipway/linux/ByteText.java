package io.slipway.linux;

import java.nio.charset.StandardCharsets;

/// Names that are bytes, as text for messages and logs. They come from strangers and end up on terminals: control
/// characters (escape sequences), line ends, and marks that turn the direction of writing are shown as escapes, the
/// backslash is doubled, and bytes that are not UTF-8 show as U+FFFD.
public final class ByteText {
    private ByteText() {}

    /// At most the first `maxBytes`, and `...` when there are more.
    public static String of(byte[] bytes, int maxBytes) {
        int shown = Math.min(bytes.length, maxBytes);
        if (plain(bytes, shown)) {
            String text = new String(bytes, 0, shown, StandardCharsets.ISO_8859_1);
            return shown < bytes.length ? text + "..." : text;
        }
        StringBuilder text = new StringBuilder(shown + 3);
        new String(bytes, 0, shown, StandardCharsets.UTF_8).codePoints().forEach(c -> append(text, c));
        return shown < bytes.length ? text.append("...").toString() : text.toString();
    }

    /// Whether nothing needs a second look, which is nearly always so.
    private static boolean plain(byte[] bytes, int length) {
        for (int i = 0; i < length; i++) {
            if (bytes[i] < ' ' || bytes[i] == 0x7F || bytes[i] == '\\') {
                return false;
            }
        }
        return true;
    }

    private static void append(StringBuilder text, int c) {
        switch (Character.getType(c)) {
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR,
                    Character.SURROGATE,
                    Character.UNASSIGNED -> text.append(String.format("\\u{%x}", c));
            default -> text.append(c == '\\' ? "\\\\" : Character.toString(c));
        }
    }
}
