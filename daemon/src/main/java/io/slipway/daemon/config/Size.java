package io.slipway.daemon.config;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// An amount of space: bytes, or a share of the file system.
public sealed interface Size {
    record Bytes(long count) implements Size {
        public Bytes {
            if (count < 0) {
                throw new IllegalArgumentException("must not be negative");
            }
        }
    }

    /// @param percent 0 to 99, fractions allowed
    record Share(double percent) implements Size {
        public Share {
            if (!(percent >= 0 && percent < 100)) {
                throw new IllegalArgumentException("must be 0% to 99%");
            }
        }
    }

    /// How many bytes this is on a file system of `capacity` bytes.
    default long of(long capacity) {
        return switch (this) {
            case Bytes(long count) -> count;
            case Share(double percent) -> (long) (capacity * percent / 100);
        };
    }

    /// Reads `10%`, `0`, `4096`, `50GB` (powers of 1000), `50GiB` or `50G` (powers of 1024).
    ///
    /// @throws IllegalArgumentException with what is wrong
    static Size parse(String text) {
        Matcher m = Pattern.compile("([0-9]{1,15}(?:\\.[0-9]{1,6})?) ?(%|[kmgtKMGT]?i?[bB]?)")
                .matcher(text);
        if (!m.matches()) {
            throw new IllegalArgumentException("must be a size such as \"50GiB\" or \"10%\"");
        }
        double number = Double.parseDouble(m.group(1));
        String unit = m.group(2).toLowerCase(Locale.ROOT);
        if (unit.equals("%")) {
            return new Share(number);
        }
        int power = unit.isEmpty() ? 0 : "bkmgt".indexOf(unit.charAt(0));
        boolean decimal = unit.endsWith("b") && unit.indexOf('i') < 0;
        double bytes = number * Math.pow(decimal ? 1000 : 1024, power < 0 ? 0 : power);
        if (bytes >= Long.MAX_VALUE) {
            throw new IllegalArgumentException("is larger than any disk");
        }
        return new Bytes((long) bytes);
    }
}
