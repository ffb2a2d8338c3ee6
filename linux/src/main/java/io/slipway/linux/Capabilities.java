package io.slipway.linux;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/// What this process may do (capabilities(7)).
final class Capabilities {
    private Capabilities() {}

    static boolean effective(int capability) throws IOException {
        String field = "CapEff:";
        for (String line : Files.readAllLines(Path.of("/proc/self/status"), StandardCharsets.ISO_8859_1)) {
            if (line.startsWith(field)) {
                long bits =
                        Long.parseUnsignedLong(line.substring(field.length()).strip(), 16);
                return (bits >>> capability & 1) != 0;
            }
        }
        return false;
    }
}
