package io.slipway.puller.image;

import io.slipway.cas.Arrival;
import io.slipway.cas.ContentInfo;
import io.slipway.cas.Contents;
import io.slipway.cas.Descriptor;
import io.slipway.cas.Digest;
import io.slipway.cas.GcLabels;
import io.slipway.puller.ImageReference;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// The blobs that a pull makes visible and their labels. Holds each blob's arrival open until it is linked, so that it
/// can't be collected in between; all become visible in one transaction, at the end.
public final class Links implements AutoCloseable {
    private static final String DISTRIBUTION_SOURCE = "containerd.io/distribution.source.";

    private final Contents contents;
    private final String namespace;
    private final String lease;
    private final ImageReference reference;
    private final Map<Digest, Map<String, String>> labels = new LinkedHashMap<>();
    private final List<Arrival> held = new ArrayList<>();

    Links(Contents contents, String namespace, String lease, ImageReference reference) {
        this.contents = contents;
        this.namespace = namespace;
        this.lease = lease;
        this.reference = reference;
    }

    /// Will link this verified blob with these labels; closes the arrival when that is done.
    void keep(Arrival arrival, Map<String, String> more) {
        held.add(arrival);
        labels.computeIfAbsent(arrival.digest(), _ -> new HashMap<>()).putAll(more);
    }

    /// Makes a verified blob visible now, under the lease.
    void visible(Digest digest) throws IOException {
        contents.link(namespace, digest, Map.of(), Optional.of(lease));
    }

    /// More labels for a blob that is kept.
    void label(Digest digest, Map<String, String> more) {
        labels.computeIfAbsent(digest, _ -> new HashMap<>()).putAll(more);
    }

    /// All children of an index are referenced, whether they were fetched or not, as containerd does.
    void index(Descriptor descriptor, Document.Index index) {
        label(descriptor.digest(), references(index));
    }

    /// Labels by which an index keeps its manifests.
    public static Map<String, String> references(Document.Index index) {
        Map<String, String> references = new HashMap<>();
        for (int i = 0; i < index.entries().size(); i++) {
            references.put(
                    GcLabels.REF_CONTENT + ".m." + i,
                    index.entries().get(i).descriptor().digest().toString());
        }
        return references;
    }

    /// Labels by which a manifest keeps its config and layers.
    public static Map<String, String> references(Document.Manifest manifest) {
        Map<String, String> references = new HashMap<>();
        references.put(
                GcLabels.REF_CONTENT + ".config", manifest.config().digest().toString());
        for (int i = 0; i < manifest.layers().size(); i++) {
            references.put(
                    GcLabels.REF_CONTENT + ".l." + i,
                    manifest.layers().get(i).digest().toString());
        }
        return references;
    }

    /// Makes everything visible.
    void write() throws IOException {
        String key = DISTRIBUTION_SOURCE + reference.host();
        for (Map.Entry<Digest, Map<String, String>> entry : labels.entrySet()) {
            Optional<ContentInfo> before = contents.info(namespace, entry.getKey());
            String known =
                    before.map(info -> info.labels().getOrDefault(key, "")).orElse("");
            entry.getValue().put(key, withSource(known, key.length()));
        }
        contents.linkAll(namespace, labels, Optional.of(lease));
        close();
    }

    /// The comma list of repositories, this one included, as long as a label can hold it.
    private String withSource(String known, int keyLength) {
        Set<String> repositories = new LinkedHashSet<>();
        for (String repository : known.split(",", -1)) {
            if (!repository.isEmpty()) {
                repositories.add(repository);
            }
        }
        repositories.add(reference.repository());
        String joined = String.join(",", repositories);
        return joined.length() + keyLength > 4096 ? known : joined;
    }

    @Override
    public void close() {
        held.forEach(Arrival::close);
        held.clear();
    }
}
