package io.slipway.puller.registry;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Registrable domains by the Public Suffix List that the JDK brings along (`lib/security/public_suffix_list.dat`, a
/// zip with one entry per top-level domain, each line one rule behind a byte that tells its section).
final class PublicSuffixes {
    private static final Logger log = LoggerFactory.getLogger(PublicSuffixes.class);
    private static final int ENTRY_BYTES_MAX = 4 << 20;

    private final Path list;

    PublicSuffixes(Path list) {
        this.list = list;
    }

    /// The list of the running JDK.
    static PublicSuffixes ofJdk() {
        return new PublicSuffixes(
                Path.of(System.getProperty("java.home"), "lib", "security", "public_suffix_list.dat"));
    }

    /// The registrable domain of a host name: one label more than its public suffix. Empty for addresses, for public
    /// suffixes themselves, and when the list can't be read: then nothing is anybody's sibling.
    Optional<String> registrable(String host) {
        List<String> labels = List.of(host.split("\\.", -1));
        if (labels.size() < 2 || labels.stream().anyMatch(String::isEmpty) || host.matches("[0-9.]+")) {
            return Optional.empty();
        }
        Optional<Set<String>> rules = rules(labels.getLast());
        if (rules.isEmpty()) {
            return Optional.empty();
        }
        int suffix = suffixLabels(labels, rules.get());
        if (suffix >= labels.size()) {
            return Optional.empty();
        }
        return Optional.of(String.join(".", labels.subList(labels.size() - suffix - 1, labels.size())));
    }

    /// How many labels the longest matching rule takes; 1 when none matches.
    private static int suffixLabels(List<String> labels, Set<String> rules) {
        for (int from = 0; from < labels.size(); from++) {
            String name = String.join(".", labels.subList(from, labels.size()));
            int count = labels.size() - from;
            if (rules.contains("!" + name)) {
                return count - 1;
            }
            if (rules.contains(name)) {
                return count;
            }
            int dot = name.indexOf('.');
            if (dot >= 0 && rules.contains("*" + name.substring(dot))) {
                return count;
            }
        }
        return 1;
    }

    private Optional<Set<String>> rules(String topLevel) {
        if (!Files.isReadable(list) || !topLevel.matches("[a-z0-9-]+")) {
            return Optional.empty();
        }
        try (ZipFile zip = new ZipFile(list.toFile())) {
            ZipEntry entry = zip.getEntry(topLevel);
            if (entry == null) {
                return Optional.empty();
            }
            try (InputStream in = zip.getInputStream(entry)) {
                Set<String> rules = new HashSet<>();
                for (String line : new String(in.readNBytes(ENTRY_BYTES_MAX), StandardCharsets.UTF_8).split("\n", -1)) {
                    // The first byte tells the section (ICANN or private); an exception to a wildcard starts with "!".
                    if (line.length() > 1) {
                        rules.add(line.substring(1).trim());
                    }
                }
                return Optional.of(rules);
            }
        } catch (IOException e) {
            log.atWarn().addKeyValue("error", e.getMessage()).log("The JDK's public suffix list can't be read.");
            return Optional.empty();
        }
    }
}
