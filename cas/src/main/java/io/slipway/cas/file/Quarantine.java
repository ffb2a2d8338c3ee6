package io.slipway.cas.file;

import io.slipway.cas.Digest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.Comparator;
import java.util.HashSet;
import java.util.Set;
import java.util.UUID;

/// Where blobs go that turned out not to be what they are called, for somebody to look at.
final class Quarantine {

    /// Files kept; beyond that the oldest goes. A disk that spoils everything must not fill itself with it.
    static final int FILES_MAX = 32;

    private final ContentLayout layout;
    private final Disk disk;

    Quarantine(ContentLayout layout, Disk disk) {
        this.layout = layout;
        this.disk = disk;
    }

    /// Moves that very file away; false when another one has its name by now. Who has it open keeps its bytes.
    boolean take(Digest digest, Rehash.FileId file) throws IOException {
        var path = layout.blob(digest);
        try {
            if (!Rehash.FileId.of(path).equals(file)) {
                return false;
            }
        } catch (NoSuchFileException gone) {
            return false;
        }
        disk.rename(
                path,
                layout.quarantine().resolve(digest.algorithm().id() + "-" + digest.hex() + "-" + UUID.randomUUID()));
        // Whatever has a name in blobs/ is taken for good: a power cut must not bring this one back.
        disk.syncDirectory(layout.blobs(digest.algorithm()));
        dropOldest();
        return true;
    }

    /// The names under which the files here were blobs.
    Set<Digest> digests() throws IOException {
        var digests = new HashSet<Digest>();
        for (var file : StoreSetup.list(layout.quarantine())) {
            var words = String.valueOf(file.getFileName()).split("-", 3);
            if (words.length == 3) {
                try {
                    digests.add(Digest.parse(words[0] + ":" + words[1]));
                } catch (IllegalArgumentException notOurs) {
                    // Somebody else's file says nothing.
                }
            }
        }
        return digests;
    }

    private void dropOldest() throws IOException {
        record Aged(Path file, FileTime since) {}
        var files = new java.util.ArrayList<Aged>();
        for (var file : StoreSetup.list(layout.quarantine())) {
            // A rename changes the change time only.
            files.add(new Aged(file, (FileTime) Files.getAttribute(file, "unix:ctime", LinkOption.NOFOLLOW_LINKS)));
        }
        files.sort(Comparator.comparing(Aged::since));
        for (var oldest : files.subList(0, Math.max(0, files.size() - FILES_MAX))) {
            disk.delete(oldest.file());
        }
    }
}
