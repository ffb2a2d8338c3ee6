package io.slipway.puller.archive;

import io.slipway.cas.Digest;
import java.util.Map;
import java.util.Optional;

/// What an archive held: its documents, and the files that are in the store now.
///
/// @param documents the few small files with a fixed name, whole
/// @param files by name
/// @param links by name, where they lead
record Archive(Map<String, byte[]> documents, Map<String, Stored> files, Map<String, String> links) {
    static final String LAYOUT = "oci-layout";
    static final String INDEX = "index.json";
    static final String DOCKER_MANIFEST = "manifest.json";

    private static final int LINKS_FOLLOWED_MAX = 8;

    /// A file in the store.
    record Stored(Digest digest, long size) {}

    Optional<byte[]> document(String name) {
        return Optional.ofNullable(documents.get(name));
    }

    /// The file that a document means, through links.
    ///
    /// @throws BadArchive when it is not in the archive
    Stored file(String name) throws BadArchive {
        String at = ArchivePath.of(name);
        for (int i = 0; i < LINKS_FOLLOWED_MAX; i++) {
            Stored stored = files.get(at);
            if (stored != null) {
                return stored;
            }
            String next = links.get(at);
            if (next == null) {
                break;
            }
            at = next;
        }
        throw new BadArchive(
                "its " + DOCKER_MANIFEST + " names \"" + ArchivePath.shown(name) + "\", which is not in the archive");
    }
}
