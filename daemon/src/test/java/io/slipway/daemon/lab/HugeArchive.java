package io.slipway.daemon.lab;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.zip.ZipEncodingHelper;

/// An archive of an OCI image whose one layer is an unpacked tar of one file of zeros. The file is sparse: it takes no
/// room on disk.
///
/// @param layer its digest
public record HugeArchive(Path path, String layer) {
    private static final int BLOCK = 512;
    private static final int END_BLOCKS = 2;

    /// Writes it.
    ///
    /// @param bytes size of the file in the layer, a multiple of 512
    public static HugeArchive write(Path path, long bytes) throws IOException {
        byte[] header = header("zeros", bytes);
        long size = header.length + bytes + END_BLOCKS * BLOCK;
        String layer = digest(header, bytes + END_BLOCKS * BLOCK);
        byte[] config = """
                {"architecture":"amd64","os":"linux","config":{},\
                "rootfs":{"type":"layers","diff_ids":["%s"]},"history":[]}""".formatted(layer).getBytes(StandardCharsets.UTF_8);
        byte[] manifest = """
                {"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",\
                "config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"%s","size":%d},\
                "layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"%s","size":%d}]}""".formatted(LabImage.digest(config), config.length, layer, size)
                .getBytes(StandardCharsets.UTF_8);
        Map<String, byte[]> small = new LinkedHashMap<>();
        small.put(LabImage.digest(config), config);
        small.put(LabImage.digest(manifest), manifest);
        byte[] front =
                LabArchives.tar(LabArchives.layout(small, """
                {"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"%s","size":%d,\
                "annotations":{"org.opencontainers.image.ref.name":"v1"}}""".formatted(LabImage.digest(manifest), manifest.length)));
        try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
            file.write(front, 0, endOfEntries(front));
            file.write(header("blobs/" + layer.replace(':', '/'), size));
            file.write(header);
            file.setLength(file.getFilePointer() + bytes + 2L * END_BLOCKS * BLOCK);
        }
        return new HugeArchive(path, layer);
    }

    /// Where the zero blocks at the end of a tar begin.
    private static int endOfEntries(byte[] tar) {
        int end = tar.length;
        while (end > 0 && isZero(tar, end - BLOCK)) {
            end -= BLOCK;
        }
        return end;
    }

    private static boolean isZero(byte[] bytes, int from) {
        for (int i = from; i < from + BLOCK; i++) {
            if (bytes[i] != 0) {
                return false;
            }
        }
        return true;
    }

    private static byte[] header(String name, long size) throws IOException {
        TarArchiveEntry entry = new TarArchiveEntry(name);
        entry.setSize(size);
        entry.setModTime(1_000);
        byte[] header = new byte[BLOCK];
        // GNU's binary form for sizes beyond 8 GiB, which tar readers of all peers know.
        entry.writeEntryHeader(header, ZipEncodingHelper.getZipEncoding("UTF-8"), true);
        return header;
    }

    private static String digest(byte[] head, long zeros) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            digest.update(head);
            byte[] block = new byte[1 << 20];
            for (long left = zeros; left > 0; left -= block.length) {
                digest.update(block, 0, (int) Math.min(left, block.length));
            }
            return "sha256:" + HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
