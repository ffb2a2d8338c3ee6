package io.slipway.puller.archive;

import io.slipway.cas.Descriptor;
import io.slipway.puller.ImageReference;
import java.util.ArrayList;
import java.util.List;

/// Which image records an entry of an archive's index becomes.
final class ImportNames {
    /// containerd's annotation for the whole name.
    static final String NAME = "io.containerd.image.name";
    /// OCI's (image-spec annotations.md), mostly only a tag.
    static final String REF_NAME = "org.opencontainers.image.ref.name";

    private final String base;
    private final ImportRequest.Naming naming;

    ImportNames(String base, ImportRequest.Naming naming) {
        this.base = base;
        this.naming = naming;
    }

    /// The names of `entry`; empty when none is wanted.
    List<String> of(Descriptor entry) throws BadArchive {
        List<String> names = new ArrayList<>();
        String given = entry.annotations().getOrDefault(NAME, "");
        String ref = given.isEmpty() ? entry.annotations().getOrDefault(REF_NAME, "") : given;
        if (isWhole(ref)) {
            String name = reference(ref);
            if (!naming.onlyBase() || belongs(name)) {
                names.add(name);
            }
        } else if (!ref.isEmpty()) {
            names.add(reference(base + ":" + ref));
        }
        boolean nameless = ref.isEmpty();
        boolean asked = naming.digests() && !(naming.digestsOfNameless() && !names.isEmpty());
        if (asked || (nameless && !naming.onlyBase())) {
            names.add(reference(base + "@" + entry.digest()));
        }
        return names;
    }

    private boolean belongs(String name) {
        return name.startsWith(base)
                && (name.length() == base.length() || ":@/".indexOf(name.charAt(base.length())) >= 0);
    }

    private static boolean isWhole(String ref) {
        return ref.indexOf('/') >= 0 || ref.indexOf(':') >= 0 || ref.indexOf('@') >= 0;
    }

    private static String reference(String text) throws BadArchive {
        try {
            return ImageReference.parse(text).name();
        } catch (IllegalArgumentException e) {
            throw new BadArchive("it names an image badly: " + ArchivePath.shown(String.valueOf(e.getMessage())), e);
        }
    }
}
