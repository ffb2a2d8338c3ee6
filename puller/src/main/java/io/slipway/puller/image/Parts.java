package io.slipway.puller.image;

import io.slipway.cas.BlobStore;
import io.slipway.cas.Contents;
import io.slipway.cas.Images;
import io.slipway.puller.CredentialSource;
import io.slipway.puller.Unpacker;
import io.slipway.puller.fetch.Blobs;
import java.util.Optional;

/// What a pull works with.
///
/// @param configured credentials of the node, used where the request brings none
public record Parts(
        BlobStore store,
        Contents contents,
        Images images,
        PullLeases leases,
        Unpacker unpacker,
        Resolver resolver,
        Blobs blobs,
        BlobReads reads,
        Optional<CredentialSource> configured) {}
