package io.slipway.puller;

import io.slipway.cas.Arrival;
import io.slipway.cas.Descriptor;
import io.slipway.cas.Digest;
import java.util.OptionalLong;

/// Single questions to upstream registries, for the mirror. Every call finds its hosts through hosts.toml, obeys
/// `access` and bounds what it reads. `host` is always the registry of the image's name (`docker.io`), never the
/// endpoint contacted for it.
public interface Upstreams {
    /// What a tag or digest stands for, asked with HEAD (GET where the answer lacks a digest or length).
    ///
    /// @throws RegistryException NOT_FOUND, DENIED, UNREACHABLE and so on
    Resolved resolve(ImageReference reference, Access access) throws RegistryException, InterruptedException;

    /// The manifest itself: whole, at most [#MAX_MANIFEST_BYTES], its digest verified (against the reference's digest
    /// where it has one). Storing it is the caller's.
    ManifestBody manifest(ImageReference reference, Access access) throws RegistryException, InterruptedException;

    /// Joins or starts the one fetch of this blob. Returns at once; failures come out of the arrival.
    ///
    /// @param repository `library/debian`, without host
    /// @throws java.io.IOException when the store can't begin
    Arrival blob(String host, String repository, Digest digest, OptionalLong size, Access access)
            throws java.io.IOException;

    /// Asks upstream with HEAD whether this access may read the blob there.
    ///
    /// @return false when upstream says 401, 403 or 404
    /// @throws RegistryException when upstream gave no answer either way
    boolean readable(String host, String repository, Digest digest, Access access)
            throws RegistryException, InterruptedException;

    /// The configured credentials (Docker `config.json`), for callers that act as the node itself.
    CredentialSource configured();

    /// Whether `host` has a directory of its own (not `_default`) in one of the configured hosts directories.
    boolean hasOwnDirectory(String host);

    /// Largest manifest or index that is read; containerd's limit.
    int MAX_MANIFEST_BYTES = 4 * 1048 * 1048;

    /// A resolved name.
    ///
    /// @param contacted the endpoint that answered, `host[:port]`
    /// @param credentialed whether credentials were part of the answer; false means an anonymous client sees the
    ///     same
    record Resolved(Descriptor descriptor, String contacted, boolean credentialed) {}

    /// A verified manifest, exactly as upstream sent it.
    final class ManifestBody {
        private final Descriptor descriptor;
        private final byte[] bytes;
        private final String contacted;
        private final boolean credentialed;

        /// Takes ownership of the bytes.
        public ManifestBody(Descriptor descriptor, byte[] bytes, String contacted, boolean credentialed) {
            if (descriptor.size() != bytes.length) {
                throw new IllegalArgumentException(
                        "manifest of " + bytes.length + " bytes with size " + descriptor.size());
            }
            this.descriptor = descriptor;
            this.bytes = bytes;
            this.contacted = contacted;
            this.credentialed = credentialed;
        }

        /// Media type, verified digest and size.
        public Descriptor descriptor() {
            return descriptor;
        }

        /// The bytes; not to be modified.
        public byte[] bytes() {
            return bytes;
        }

        /// Who served it.
        public String contacted() {
            return contacted;
        }

        /// Whether credentials were used.
        public boolean credentialed() {
            return credentialed;
        }
    }
}
