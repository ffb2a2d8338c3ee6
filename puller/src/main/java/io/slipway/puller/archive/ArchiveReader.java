package io.slipway.puller.archive;

import com.github.luben.zstd.ZstdInputStreamNoFinalizer;
import io.slipway.cas.Digest;
import io.slipway.puller.Upstreams;
import io.slipway.puller.archive.Archive.Stored;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.GZIPInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;

/// Reads one archive, plain or compressed as a whole, and hands each file on. One thread.
final class ArchiveReader {
    /// Files and links of one archive.
    static final int ENTRIES_MAX = 100_000;

    private static final int BUFFER_BYTES = 256 << 10;
    /// Log2 of the window of a zstd stream (RFC 8878): what `zstd` without `--long` writes, and the memory it takes.
    private static final int ZSTD_WINDOW_LOG_MAX = 23;

    private static final Pattern BLOB = Pattern.compile("blobs/(sha256|sha384|sha512)/([0-9a-f]{64,128})");
    private static final Set<String> DOCUMENTS = Set.of(Archive.LAYOUT, Archive.INDEX, Archive.DOCKER_MANIFEST);
    /// Of `docker save` before version 1.10; what they say stands in `manifest.json`, too.
    private static final Pattern LEGACY = Pattern.compile("repositories|[0-9a-f]{64}/(json|VERSION)");

    private final Files sink;
    private final Map<String, byte[]> documents = new HashMap<>();
    private final Map<String, Stored> files = new HashMap<>();
    private final Map<String, String> links = new HashMap<>();
    private final Set<String> seen = new HashSet<>();

    ArchiveReader(Files sink) {
        this.sink = sink;
    }

    /// Takes the files of the archive.
    interface Files {
        /// A file that must have this digest. It need not be read to its end.
        Stored blob(Digest digest, long size, InputStream content) throws BadArchive, IOException;

        /// A file whose digest is to be found out.
        Stored file(String name, long size, InputStream content) throws BadArchive, IOException;
    }

    /// Reads everything.
    Archive read(InputStream raw) throws BadArchive, IOException {
        MetadataGuard guard = new MetadataGuard(new BufferedInputStream(plain(raw), BUFFER_BYTES));
        try (TarArchiveInputStream tar = new TarArchiveInputStream(guard, "UTF-8")) {
            for (TarArchiveEntry entry = next(tar, guard); entry != null; entry = next(tar, guard)) {
                guard.inFile();
                if (seen.size() == ENTRIES_MAX) {
                    throw new BadArchive("it has more than " + ENTRIES_MAX + " files");
                }
                take(entry, new Source(tar));
                rest(tar);
            }
        }
        return new Archive(documents, files, links);
    }

    private static TarArchiveEntry next(TarArchiveInputStream tar, MetadataGuard guard) throws BadArchive, IOException {
        guard.betweenFiles();
        try {
            return tar.getNextEntry();
        } catch (InterruptedIOException e) {
            throw e;
        } catch (IOException | IllegalArgumentException e) {
            throw damaged(e);
        }
    }

    /// Goes to the end of a file here, where the guard does not count.
    private static void rest(TarArchiveInputStream tar) throws BadArchive, IOException {
        byte[] buffer = new byte[8192];
        Source source = new Source(tar);
        try {
            while (source.read(buffer) >= 0) {}
        } catch (Source.Unreadable e) {
            throw e.damaged();
        }
    }

    private void take(TarArchiveEntry entry, Source content) throws BadArchive, IOException {
        String name = ArchivePath.of(entry.getName());
        if (entry.isDirectory()) {
            return;
        }
        if (!seen.add(name)) {
            throw new BadArchive("\"" + ArchivePath.shown(name) + "\" is in it twice");
        }
        if (entry.isSymbolicLink()) {
            links.put(name, ArchivePath.resolve(ArchivePath.parent(name), entry.getLinkName()));
        } else if (entry.isLink()) {
            links.put(name, ArchivePath.of(entry.getLinkName()));
        } else if (isPlainFile(entry)) {
            file(name, entry.getSize(), content);
        } else {
            throw new BadArchive("\"" + ArchivePath.shown(name) + "\" is neither a file nor a link to one");
        }
    }

    /// The library's own test takes devices for files.
    private static boolean isPlainFile(TarArchiveEntry entry) {
        return switch (entry.getLinkFlag()) {
            case TarConstants.LF_NORMAL, TarConstants.LF_OLDNORM, TarConstants.LF_CONTIG -> !entry.isSparse();
            default -> false;
        };
    }

    private void file(String name, long size, Source content) throws BadArchive, IOException {
        try {
            Matcher blob = BLOB.matcher(name);
            if (DOCUMENTS.contains(name)) {
                documents.put(name, document(name, size, content));
            } else if (blob.matches()) {
                Digest digest = digest(name, blob.group(1) + ":" + blob.group(2));
                files.put(name, sink.blob(digest, size, content));
            } else if (!LEGACY.matcher(name).matches()) {
                files.put(name, sink.file(name, size, content));
            }
        } catch (Source.Unreadable e) {
            throw e.damaged();
        }
    }

    private static Digest digest(String name, String text) throws BadArchive {
        try {
            return Digest.parse(text);
        } catch (IllegalArgumentException e) {
            throw new BadArchive("\"" + name + "\" is not the name of a blob: " + e.getMessage(), e);
        }
    }

    private static byte[] document(String name, long size, InputStream content) throws BadArchive, IOException {
        if (size > Upstreams.MAX_MANIFEST_BYTES) {
            throw new BadArchive("its " + name + " has " + size + " bytes, more than " + Upstreams.MAX_MANIFEST_BYTES);
        }
        return content.readAllBytes();
    }

    /// The tar in what came, whatever it is compressed with.
    private static InputStream plain(InputStream raw) throws BadArchive, IOException {
        BufferedInputStream start = new BufferedInputStream(raw, BUFFER_BYTES);
        start.mark(4);
        byte[] magic = start.readNBytes(4);
        start.reset();
        if (begins(magic, 0x1f, 0x8b)) {
            try {
                return new GZIPInputStream(start, BUFFER_BYTES);
            } catch (InterruptedIOException e) {
                throw e;
            } catch (IOException e) {
                throw damaged(e);
            }
        }
        if (begins(magic, 0x28, 0xb5, 0x2f, 0xfd)) {
            ZstdInputStreamNoFinalizer zstd = new ZstdInputStreamNoFinalizer(start);
            zstd.setLongMax(ZSTD_WINDOW_LOG_MAX);
            return zstd;
        }
        if (begins(magic, 'B', 'Z', 'h') || begins(magic, 0xfd, '7', 'z', 'X')) {
            throw new BadArchive("it is packed with bzip2 or xz, which is not supported; unpack it first");
        }
        return start;
    }

    private static boolean begins(byte[] bytes, int... magic) {
        for (int i = 0; i < magic.length; i++) {
            if (i >= bytes.length || (bytes[i] & 0xff) != magic[i]) {
                return false;
            }
        }
        return true;
    }

    static BadArchive damaged(Exception e) {
        String why = e.getMessage() == null ? "it ends too early" : e.getMessage();
        return new BadArchive("it is no tar archive, or damaged: " + ArchivePath.shown(why), e);
    }

    /// The content of a file; that it can't be read is the archive's fault, unlike that it can't be stored.
    private static final class Source extends InputStream {
        private final InputStream in;

        Source(InputStream in) {
            this.in = in;
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] bytes, int offset, int length) throws IOException {
            try {
                return in.read(bytes, offset, length);
            } catch (InterruptedIOException e) {
                throw e;
            } catch (IOException e) {
                throw new Unreadable(e);
            }
        }

        /// Carries the failure through code that knows only [IOException].
        private static final class Unreadable extends IOException {
            private static final long serialVersionUID = 1L;

            private final IOException why;

            Unreadable(IOException why) {
                super(why);
                this.why = why;
            }

            BadArchive damaged() {
                return ArchiveReader.damaged(why);
            }
        }
    }
}
