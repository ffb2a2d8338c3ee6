package io.slipway.puller.archive;

import java.util.ArrayList;
import java.util.List;

/// Names of files in an archive: relative, without detours, inside of it.
final class ArchivePath {
    static final int CHARS_MAX = 1024;
    private static final int SHOWN_MAX = 120;

    private ArchivePath() {}

    /// The one spelling of `name`: `./blobs/x` and `blobs//x` are `blobs/x`.
    ///
    /// @throws BadArchive when it is absolute, leads out or is no name
    static String of(String name) throws BadArchive {
        return resolve("", name);
    }

    /// Where a link in `directory` leads.
    static String resolve(String directory, String target) throws BadArchive {
        if (target.length() > CHARS_MAX || target.indexOf('\0') >= 0 || target.startsWith("/")) {
            throw outside(target);
        }
        List<String> path = new ArrayList<>();
        for (String part : (directory + "/" + target).split("/", -1)) {
            switch (part) {
                case "", "." -> {}
                case ".." -> {
                    if (path.isEmpty()) {
                        throw outside(target);
                    }
                    path.removeLast();
                }
                default -> path.add(part);
            }
        }
        return String.join("/", path);
    }

    static String parent(String name) {
        int slash = name.lastIndexOf('/');
        return slash < 0 ? "" : name.substring(0, slash);
    }

    /// `name` for a message: what may come from a stranger is cut and printable.
    static String shown(String name) {
        String clean = name.replaceAll("[^\\x20-\\x7e]", "?");
        return clean.length() > SHOWN_MAX ? clean.substring(0, SHOWN_MAX) + "..." : clean;
    }

    private static BadArchive outside(String name) {
        return new BadArchive("the name \"" + shown(name) + "\" does not stay inside the archive");
    }
}
