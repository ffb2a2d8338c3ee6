package io.slipway.daemon;

import io.slipway.cas.Arrival;
import io.slipway.cas.ArrivalRequest;
import io.slipway.cas.BlobStore;
import io.slipway.cas.Provenance;
import io.slipway.cas.Refetch;
import io.slipway.puller.Access;
import io.slipway.puller.ImageReference;
import io.slipway.puller.Upstreams;
import io.slipway.puller.Upstreams.ManifestBody;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.OptionalLong;

/// Fetches spoiled blobs again from the registries they came from: what anyone may read without credentials, anything
/// else with those that are configured for that registry now.
final class RegistryRefetch implements Refetch {
    private final Upstreams upstreams;
    private final BlobStore blobs;

    RegistryRefetch(Upstreams upstreams, BlobStore blobs) {
        this.upstreams = upstreams;
        this.blobs = blobs;
    }

    @Override
    public Arrival fetch(Wanted wanted, Provenance source) throws IOException, InterruptedException {
        boolean anyones = source.access() instanceof Provenance.Access.Public;
        Access access = anyones ? Access.anonymous() : Access.anonymous().with(upstreams.configured());
        return wanted.document() ? document(wanted, source, access) : blob(wanted, source, access);
    }

    private Arrival blob(Wanted wanted, Provenance source, Access access) throws IOException {
        return upstreams.blob(source.host(), source.repository(), wanted.digest(), wanted.size(), access);
    }

    private Arrival document(Wanted wanted, Provenance source, Access access) throws IOException, InterruptedException {
        ImageReference reference;
        try {
            reference = ImageReference.parse(source.host() + "/" + source.repository() + "@" + wanted.digest());
        } catch (IllegalArgumentException e) {
            throw new IOException(source.host() + "/" + source.repository() + " can't be asked for manifests", e);
        }
        ManifestBody body = upstreams.manifest(reference, access);
        Provenance from = body.credentialed()
                ? new Provenance(source.host(), source.repository(), new Provenance.Access.Unknown())
                : Provenance.publicly(source.host(), source.repository());
        ArrivalRequest request = new ArrivalRequest(
                wanted.digest(), OptionalLong.of(body.bytes().length), from, "manifest of " + reference);
        return blobs.arriveWith(request, ByteBuffer.wrap(body.bytes()));
    }
}
