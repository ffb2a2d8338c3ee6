/// Images in one file: OCI image layouts and `docker save` archives, in and out.
///
/// An archive is read once, front to back, and never whole in memory: each file of it becomes an ingest of the store,
/// named by digest where its path says so. What it means is decided afterwards, from the documents. An archive comes
/// from a stranger: paths, links, sizes, numbers and documents are bounded and checked, and images are recorded last.
@NullMarked
package io.slipway.puller.archive;

import org.jspecify.annotations.NullMarked;
