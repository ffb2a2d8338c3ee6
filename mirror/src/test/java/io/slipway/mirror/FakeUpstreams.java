package io.slipway.mirror;

import io.slipway.cas.Algorithm;
import io.slipway.cas.Arrival;
import io.slipway.cas.ArrivalRequest;
import io.slipway.cas.BlobStore;
import io.slipway.cas.ByteRange;
import io.slipway.cas.Descriptor;
import io.slipway.cas.Digest;
import io.slipway.cas.Landing;
import io.slipway.cas.Provenance;
import io.slipway.puller.Access;
import io.slipway.puller.AddressPolicy;
import io.slipway.puller.CredentialSource;
import io.slipway.puller.ImageReference;
import io.slipway.puller.RegistryException;
import io.slipway.puller.Upstreams;
import io.vertx.core.buffer.Buffer;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;

/// Upstream registries in memory, with planned faults and counts of what they were asked.
final class FakeUpstreams implements Upstreams {

    static final String OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json";
    private static final int STEP_BYTES = 64 * 1024;

    final AtomicInteger resolves = new AtomicInteger();
    final AtomicInteger manifestGets = new AtomicInteger();
    final AtomicInteger blobFetches = new AtomicInteger();
    final AtomicInteger blobHeads = new AtomicInteger();
    final List<Access> accesses = new CopyOnWriteArrayList<>();

    /// Every question fails with this while it is set.
    final Set<String> atPrivateAddresses = ConcurrentHashMap.newKeySet();
    volatile Optional<RegistryException.Code> outage = Optional.empty();

    /// Manifest questions wait for this.
    final Gate manifestGate = new Gate(Long.MAX_VALUE);

    private final BlobStore store;
    private final Map<String, Thing> things = new ConcurrentHashMap<>();
    private final Map<String, BlobPlan> blobs = new ConcurrentHashMap<>();

    private record Thing(Descriptor descriptor, Buffer bytes) {}

    /// How a blob is sent.
    ///
    /// @param bytes what is sent, right or wrong
    /// @param saysSize whether Content-Length is there
    /// @param gate how many bytes may be sent
    record BlobPlan(Buffer bytes, boolean saysSize, Gate gate) {
        static BlobPlan of(byte[] bytes) {
            return of(bytes, true, new Gate(Long.MAX_VALUE));
        }

        static BlobPlan of(byte[] bytes, boolean saysSize, Gate gate) {
            return new BlobPlan(Buffer.buffer(bytes), saysSize, gate);
        }
    }

    /// Lets a fetch go on up to an offset.
    static final class Gate {
        private long open;

        Gate(long open) {
            this.open = open;
        }

        synchronized void openTo(long offset) {
            open = offset;
            notifyAll();
        }

        synchronized long await(long above) throws InterruptedException {
            while (open <= above) {
                wait();
            }
            return open;
        }
    }

    FakeUpstreams(BlobStore store) {
        this.store = store;
    }

    static Digest sha256(byte[] bytes) {
        try {
            return Digest.of(
                    Algorithm.SHA256, MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    /// Puts a manifest at a tag and its digest.
    Digest putManifest(String host, String repository, String tag, byte[] bytes) {
        Digest digest = sha256(bytes);
        var thing = new Thing(new Descriptor(OCI_MANIFEST, digest, bytes.length), Buffer.buffer(bytes));
        things.put(host + "/" + repository + " " + tag, thing);
        things.put(host + "/" + repository + " " + digest, thing);
        return digest;
    }

    void removeTag(String host, String repository, String tag) {
        things.remove(host + "/" + repository + " " + tag);
    }

    Digest putBlob(String host, String repository, byte[] bytes) {
        return putBlob(host, repository, sha256(bytes), BlobPlan.of(bytes));
    }

    Digest putBlob(String host, String repository, Digest digest, BlobPlan plan) {
        blobs.put(host + "/" + repository + " " + digest, plan);
        return digest;
    }

    @Override
    public Resolved resolve(ImageReference reference, Access access) throws RegistryException {
        resolves.incrementAndGet();
        return new Resolved(thing(reference, access).descriptor(), reference.host(), false);
    }

    @Override
    public ManifestBody manifest(ImageReference reference, Access access)
            throws RegistryException, InterruptedException {
        manifestGets.incrementAndGet();
        manifestGate.await(0);
        Thing thing = thing(reference, access);
        return new ManifestBody(thing.descriptor(), thing.bytes().getBytes(), reference.host(), false);
    }

    private Thing thing(ImageReference reference, Access access) throws RegistryException {
        accesses.add(access);
        dial(reference.host(), access);
        Thing thing = things.get(reference.host() + "/" + reference.repository() + " " + reference.object());
        if (thing == null) {
            throw new RegistryException(
                    RegistryException.Code.NOT_FOUND, reference.host(), reference + " is not there; check the name");
        }
        return thing;
    }

    private void fail(String host) throws RegistryException {
        if (outage.isPresent()) {
            throw new RegistryException(outage.get(), host, host + " is away; try later");
        }
    }

    @Override
    public Arrival blob(String host, String repository, Digest digest, OptionalLong size, Access access)
            throws IOException {
        accesses.add(access);
        var request = new ArrivalRequest(digest, size, Provenance.publicly(host, repository), "test");
        return store.arrive(request, landing -> {
            dial(host, access);
            fetch(host, repository, landing);
        });
    }

    private void dial(String host, Access access) throws RegistryException {
        fail(host);
        if (access.policy() == AddressPolicy.PUBLIC_ONLY && atPrivateAddresses.contains(host)) {
            throw new RegistryException(
                    RegistryException.Code.ADDRESS_REFUSED, host, host + " is not public; see [mirror] upstreams");
        }
    }

    private void fetch(String host, String repository, Landing landing) throws IOException, InterruptedException {
        blobFetches.incrementAndGet();
        fail(host);
        BlobPlan plan = blobs.get(host + "/" + repository + " " + landing.digest());
        if (plan == null) {
            throw new RegistryException(RegistryException.Code.NOT_FOUND, host, "no such blob; check the name");
        }
        if (plan.saysSize()) {
            landing.size(plan.bytes().length());
        }
        landing.source(host);
        for (ByteRange range : landing.missing()) {
            long end = Math.min(range.to(), plan.bytes().length());
            for (long at = range.from(); at < end; ) {
                int step = (int) Math.min(Math.min(STEP_BYTES, plan.gate().await(at) - at), end - at);
                landing.write(at, ByteBuffer.wrap(plan.bytes().getBytes((int) at, (int) at + step)));
                at += step;
            }
        }
        // Whoever holds the gate also decides when the end of the body is seen.
        plan.gate().await(plan.bytes().length());
    }

    @Override
    public boolean readable(String host, String repository, Digest digest, Access access) throws RegistryException {
        blobHeads.incrementAndGet();
        accesses.add(access);
        dial(host, access);
        return blobs.containsKey(host + "/" + repository + " " + digest);
    }

    @Override
    public CredentialSource configured() {
        throw new IllegalStateException("the mirror asks anonymously");
    }

    @Override
    public boolean hasOwnDirectory(String host) {
        return false;
    }
}
