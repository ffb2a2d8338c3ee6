/// Reads tar streams as bytes: names, link targets and xattr values are never decoded as text.
///
/// [TarReader] pulls runs of bytes from a [ByteSource] and gives [TarEntry] after [TarEntry]. Where dialects
/// disagree it reads as Go's archive/tar does, and thereby containerd. One thread at a time.
@NullMarked
package io.slipway.snapshotter.tar;

import org.jspecify.annotations.NullMarked;
