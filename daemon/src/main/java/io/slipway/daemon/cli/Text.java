package io.slipway.daemon.cli;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// Wording shared by the commands: sizes, ages, tables.
final class Text {
    private static final String[] UNITS = {"B", "kB", "MB", "GB", "TB", "PB"};

    private Text() {}

    /// `text` with each run of control characters (line breaks, escape sequences' first byte) as one space.
    static String oneLine(String text) {
        StringBuilder line = new StringBuilder(text.length());
        boolean gap = false;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (Character.isISOControl(c)) {
                gap = true;
            } else {
                if (gap && !line.isEmpty()) {
                    line.append(' ');
                }
                gap = false;
                line.append(c);
            }
        }
        return line.toString();
    }

    /// A size for people, in powers of 1000: `0 B`, `999 B`, `1.5 MB`.
    static String bytes(long bytes) {
        double value = bytes;
        int unit = 0;
        while (value >= 999.5 && unit < UNITS.length - 1) {
            value /= 1000;
            unit++;
        }
        return unit == 0
                ? bytes + " B"
                : String.format(Locale.ROOT, value < 10 ? "%.1f %s" : "%.0f %s", value, UNITS[unit]);
    }

    /// How long ago, in its largest unit: `12 seconds ago`, `3 weeks ago`.
    static String ago(Duration age) {
        return age.isNegative() ? "now" : span(age) + " ago";
    }

    /// A span of time in its largest unit.
    static String span(Duration span) {
        long seconds = Math.max(0, span.toSeconds());
        if (seconds < 120) {
            return count(seconds, "second");
        }
        if (seconds < 2 * 3600) {
            return count(seconds / 60, "minute");
        }
        if (seconds < 2 * 86_400) {
            return count(seconds / 3600, "hour");
        }
        if (seconds < 14 * 86_400) {
            return count(seconds / 86_400, "day");
        }
        return count(seconds / (7 * 86_400), "week");
    }

    private static String count(long number, String unit) {
        return number + " " + unit + (number == 1 ? "" : "s");
    }

    /// `sha256:` and the first 12 digits: enough to tell digests apart on a screen.
    static String shortDigest(String digest) {
        int colon = digest.indexOf(':');
        int end = Math.min(digest.length(), colon + 13);
        return digest.substring(0, end);
    }

    /// Columns separated by three spaces, each as wide as its widest cell; the last one is not padded.
    static String table(List<List<String>> rows) {
        List<Integer> widths = new ArrayList<>();
        for (List<String> row : rows) {
            for (int i = 0; i < row.size(); i++) {
                int width = row.get(i).length();
                if (i == widths.size()) {
                    widths.add(width);
                } else {
                    widths.set(i, Math.max(widths.get(i), width));
                }
            }
        }
        StringBuilder text = new StringBuilder();
        for (List<String> row : rows) {
            for (int i = 0; i < row.size(); i++) {
                text.append(row.get(i));
                if (i < row.size() - 1) {
                    text.repeat(' ', widths.get(i) - row.get(i).length() + 3);
                }
            }
            text.append('\n');
        }
        return text.toString();
    }
}
