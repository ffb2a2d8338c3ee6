package io.slipway.cas.file;

import io.slipway.cas.Digest;
import io.slipway.cas.StoreException;
import java.nio.file.Path;

/// Verified bytes become a blob: synced, renamed to their digest, and the name synced. Whatever has a name in
/// `blobs/` is therefore whole, also after a power cut.
final class Publication {

    private Publication() {}

    static void publish(Workshop shop, Path part, Digest digest) throws StoreException {
        shop.disk().sync(part);
        // The mode is not worth a second sync: after a power cut a blob may be writable by its owner, no more.
        shop.disk().makeReadOnly(part);
        shop.disk().rename(part, shop.layout().blob(digest));
        shop.disk().syncDirectory(shop.layout().blobs(digest.algorithm()));
    }
}
