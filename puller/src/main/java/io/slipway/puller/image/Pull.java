package io.slipway.puller.image;

import io.slipway.cas.ApiException;
import io.slipway.cas.Arrival;
import io.slipway.cas.ArrivalFailedException;
import io.slipway.cas.ArrivalRequest;
import io.slipway.cas.Blob;
import io.slipway.cas.Descriptor;
import io.slipway.cas.Digest;
import io.slipway.cas.Provenance;
import io.slipway.puller.Access;
import io.slipway.puller.ImageReference;
import io.slipway.puller.Platform;
import io.slipway.puller.PullListener.Event;
import io.slipway.puller.PullListener.Kind;
import io.slipway.puller.PullRequest;
import io.slipway.puller.PullRequest.UnpackTarget;
import io.slipway.puller.PulledImage;
import io.slipway.puller.PulledImage.PulledManifest;
import io.slipway.puller.RegistryException;
import io.slipway.puller.RegistryException.Code;
import io.slipway.puller.Upstreams;
import io.slipway.puller.image.Document.BadDocument;
import io.slipway.puller.image.Document.Entry;
import io.slipway.puller.registry.Session;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// One pull, told from top to bottom: resolve, read index and manifests, fetch config and layers while
/// unpacking, label, record. One thread.
final class Pull {
    private static final Logger LOG = LoggerFactory.getLogger(Pull.class);

    /// Indexes that point to indexes.
    private static final int NESTING_MAX = 4;

    private final Parts parts;
    private final PullRequest request;
    private final String lease;
    private final Board board;
    private final Session session;
    private final Session anonymous;
    private final Links links;

    Pull(Parts parts, PullRequest request, String lease, Board board) {
        this.parts = parts;
        this.request = request;
        this.lease = lease;
        this.board = board;
        Access access = request.access().credentials().isPresent()
                ? request.access()
                : parts.configured()
                        .map(source -> request.access().with(source))
                        .orElse(request.access());
        ImageReference reference = request.reference();
        this.session = new Session(access, request.route(), reference.host(), reference.name());
        this.anonymous = new Session(
                new Access(access.policy(), Optional.empty()), request.route(), reference.host(), reference.name());
        this.links = new Links(parts.contents(), request.namespace(), lease, reference);
    }

    PulledImage run() throws IOException, InterruptedException {
        try (links) {
            return pull();
        }
    }

    private PulledImage pull() throws IOException, InterruptedException {
        checkSnapshotters();
        ImageReference reference = request.reference();
        board.tell(new Event.Resolving(reference));
        Resolver.Found found = parts.resolver().resolve(reference, session, request.route());
        Descriptor target = found.descriptor();
        board.tell(new Event.Resolved(reference, target, found.contacted()));

        Document root = document(target, found.body(), found.provenance(), List.of());
        if (target.mediaType().isEmpty() || !target.mediaType().equals(root.mediaType())) {
            target = new Descriptor(root.mediaType(), target.digest(), target.size(), target.annotations());
        }
        List<PulledManifest> manifests = new ArrayList<>();
        Set<Digest> seen = new LinkedHashSet<>();
        for (Platform platform : platforms()) {
            Chosen chosen = choose(target, root, platform, found.provenance(), List.of(), 0);
            if (seen.add(chosen.descriptor().digest())) {
                manifests.add(pulled(chosen, platform));
            }
        }
        links.write();
        parts.images().put(request.namespace(), request.imageName(), target, request.imageLabels(), Optional.of(lease));
        board.tell(new Event.Saved(request.imageName(), target));
        board.tell(new Event.Completed(reference));
        return new PulledImage(request.imageName(), target, manifests);
    }

    /// Wrong bytes are asked for once more, from other hosts first where there are any; what was right is
    /// kept.
    private PulledManifest pulled(Chosen chosen, Platform platform) throws IOException, InterruptedException {
        try {
            return new ManifestPull(this, chosen, platform).run();
        } catch (ApiException e) {
            if (!Failures.isWrongBytes(e)) {
                throw e;
            }
            LOG.atWarn()
                    .addKeyValue("image", request.reference())
                    .addKeyValue("error", e.getMessage())
                    .log("wrong bytes were sent for a part of an image; it is fetched once more");
        }
        return new ManifestPull(this, chosen, platform).run();
    }

    private void checkSnapshotters() {
        for (UnpackTarget unpack : request.unpacks()) {
            parts.unpacker().require(snapshotter(unpack));
        }
    }

    String snapshotter(UnpackTarget unpack) {
        return unpack.snapshotter().isEmpty() ? parts.unpacker().defaultSnapshotter() : unpack.snapshotter();
    }

    private List<Platform> platforms() {
        return request.platforms().isEmpty() ? List.of(Platform.host()) : request.platforms();
    }

    Parts parts() {
        return parts;
    }

    PullRequest request() {
        return request;
    }

    /// What is going to be recorded as public is fetched without credentials: then it is.
    Session sessionFor(Provenance provenance) {
        return provenance.access() instanceof Provenance.Access.Public ? anonymous : session;
    }

    Board board() {
        return board;
    }

    Links links() {
        return links;
    }

    String lease() {
        return lease;
    }

    /// A manifest that was chosen, with the path of indexes that led to it.
    record Chosen(
            Descriptor descriptor,
            Document.Manifest manifest,
            Optional<Platform> platform,
            Provenance provenance,
            List<Digest> parents) {}

    private Chosen choose(
            Descriptor descriptor,
            Document document,
            Platform platform,
            Provenance provenance,
            List<Digest> parents,
            int depth)
            throws IOException, InterruptedException {
        return switch (document) {
            case Document.Manifest manifest -> new Chosen(descriptor, manifest, Optional.empty(), provenance, parents);
            case Document.Index index -> {
                if (depth == NESTING_MAX) {
                    throw refused(Code.BAD_FORMAT, "its indexes are nested more than " + NESTING_MAX + " deep");
                }
                Entry entry = PlatformChoice.best(index.entries(), platform)
                        .orElseThrow(() -> refused(
                                Code.NOT_FOUND,
                                "no match for platform in manifest: it has nothing for " + platform + ", only "
                                        + offered(index)));
                links.index(descriptor, index);
                List<Digest> path = new ArrayList<>(parents);
                path.add(descriptor.digest());
                Document inner = document(entry.descriptor(), Optional.empty(), provenance, path);
                Chosen chosen = choose(entry.descriptor(), inner, platform, provenance, path, depth + 1);
                yield new Chosen(
                        chosen.descriptor(),
                        chosen.manifest(),
                        chosen.platform().or(entry::platform),
                        chosen.provenance(),
                        chosen.parents());
            }
        };
    }

    private static String offered(Document.Index index) {
        List<String> names = index.entries().stream()
                .flatMap(entry -> entry.platform().stream())
                .map(Platform::toString)
                .distinct()
                .limit(10)
                .toList();
        return names.isEmpty() ? "entries without a platform" : String.join(", ", names);
    }

    /// The document behind a descriptor: from the store where it is, else fetched, verified and stored.
    private Document document(Descriptor descriptor, Optional<byte[]> body, Provenance provenance, List<Digest> parents)
            throws IOException, InterruptedException {
        if (descriptor.size() > Upstreams.MAX_MANIFEST_BYTES) {
            throw refused(
                    Code.TOO_LARGE,
                    "manifest " + descriptor.digest() + " has " + descriptor.size() + " bytes, more than "
                            + Upstreams.MAX_MANIFEST_BYTES);
        }
        boolean nameIsUnknown = descriptor.mediaType().isEmpty();
        Kind kind = MediaTypes.isIndex(descriptor.mediaType()) ? Kind.INDEX : Kind.MANIFEST;
        Optional<byte[]> stored = body.isPresent() ? Optional.empty() : stored(descriptor);
        byte[] bytes;
        if (stored.isPresent()) {
            bytes = stored.get();
        } else if (body.isPresent()) {
            bytes = body.get();
        } else {
            bytes = fetched(descriptor);
        }
        Document document = parsed(bytes, descriptor);
        links.keep(
                store(descriptor, bytes, provenance),
                document instanceof Document.Manifest manifest ? Links.references(manifest) : Map.of());
        board.addDone(
                descriptor,
                nameIsUnknown && document instanceof Document.Index ? Kind.INDEX : kind,
                parents,
                stored.isPresent());
        return document;
    }

    private Document parsed(byte[] bytes, Descriptor descriptor) throws RegistryException {
        try {
            return Document.parse(bytes, descriptor.mediaType());
        } catch (BadDocument e) {
            throw refused(
                    e.unsupported() ? Code.UNSUPPORTED : Code.BAD_FORMAT,
                    "manifest " + descriptor.digest() + ": " + e.getMessage());
        }
    }

    private Optional<byte[]> stored(Descriptor descriptor) throws IOException {
        if (!parts.contents().isOpenTo(request.namespace(), descriptor.digest())) {
            return Optional.empty();
        }
        try (Blob blob = parts.store().open(descriptor.digest()).orElse(null)) {
            if (blob == null || blob.size() > Upstreams.MAX_MANIFEST_BYTES) {
                return Optional.empty();
            }
            ByteBuffer buffer = ByteBuffer.allocate((int) blob.size());
            while (buffer.hasRemaining()) {
                if (blob.read(buffer.position(), buffer) < 0) {
                    throw new IOException("blob " + descriptor.digest() + " is shorter than its size");
                }
            }
            return Optional.of(buffer.array());
        }
    }

    private byte[] fetched(Descriptor descriptor) throws RegistryException, InterruptedException {
        Resolver.Found found =
                parts.resolver().manifest(request.reference().at(descriptor.digest()), session, request.route());
        byte[] bytes = found.body().orElseThrow();
        if (descriptor.size() != bytes.length) {
            throw refused(
                    Code.DIGEST_MISMATCH,
                    "manifest " + descriptor.digest() + " has " + bytes.length + " bytes, announced were "
                            + descriptor.size());
        }
        return bytes;
    }

    private Arrival store(Descriptor descriptor, byte[] bytes, Provenance provenance)
            throws IOException, InterruptedException {
        Arrival arrival = parts.store()
                .arriveWith(
                        new ArrivalRequest(
                                descriptor.digest(),
                                OptionalLong.of(bytes.length),
                                provenance,
                                "manifest of " + request.reference()),
                        ByteBuffer.wrap(bytes));
        try {
            arrival.awaitVerified();
            links.visible(descriptor.digest());
            return arrival;
        } catch (ArrivalFailedException e) {
            arrival.close();
            throw Failures.arrival(request.reference().name(), e);
        } catch (IOException | InterruptedException | RuntimeException e) {
            arrival.close();
            throw e;
        }
    }

    RegistryException refused(Code code, String why) {
        return new RegistryException(code, request.reference().host(), request.reference() + ": " + why);
    }
}
