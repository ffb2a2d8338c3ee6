/// Blobs as plain files: the layout, the one fetch of each digest, and what survives a crash.
///
/// [io.slipway.cas.file.FileBlobStore] is the way in; one `Reception` is one fetch under way. All changes of
/// the disk go through `Disk`, which is where tests make it fail.
@NullMarked
package io.slipway.cas.file;

import org.jspecify.annotations.NullMarked;
