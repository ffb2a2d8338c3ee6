package io.slipway.snapshotter.testing;

import com.github.luben.zstd.Zstd;
import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import java.util.Random;
import java.util.zip.CRC32;
import java.util.zip.Deflater;

/// Compresses an archive in random ways (members, frames, headers with all that they may carry) and damages what comes
/// out.
public final class BlobMutator {
    private static final int FHCRC = 2;
    private static final int FEXTRA = 4;
    private static final int FNAME = 8;
    private static final int FCOMMENT = 16;

    private final Random random;

    public BlobMutator(Random random) {
        this.random = random;
    }

    /// In pieces, each compressed for itself, with empty ones between.
    public byte[] compress(byte[] bytes) {
        boolean gzip = random.nextBoolean();
        if (random.nextInt(6) == 0) {
            return bytes;
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        int at = 0;
        do {
            int n = random.nextInt(3) == 0 ? random.nextInt(bytes.length - at + 1) : bytes.length - at;
            byte[] piece = Arrays.copyOfRange(bytes, at, at + n);
            out.writeBytes(gzip ? member(piece) : frame(piece));
            at += n;
        } while (at < bytes.length);
        return out.toByteArray();
    }

    private byte[] frame(byte[] piece) {
        if (random.nextInt(5) == 0) {
            byte[] skippable = new byte[8 + random.nextInt(20)];
            random.nextBytes(skippable);
            byte[] head = {(byte) (0x50 + random.nextInt(16)), 0x2A, 0x4D, 0x18, (byte) (skippable.length - 8), 0, 0, 0
            };
            System.arraycopy(head, 0, skippable, 0, head.length);
            byte[] frame = Zstd.compress(piece, random.nextInt(6) + 1);
            byte[] both = Arrays.copyOf(skippable, skippable.length + frame.length);
            System.arraycopy(frame, 0, both, skippable.length, frame.length);
            return both;
        }
        return Zstd.compress(piece, random.nextInt(6) + 1);
    }

    private byte[] member(byte[] piece) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        int flags = random.nextInt(4) == 0 ? random.nextInt(32) & ~1 : 0;
        out.writeBytes(new byte[] {0x1F, (byte) 0x8B, 8, (byte) flags, 1, 2, 3, 4, 0, 3});
        if ((flags & FEXTRA) != 0) {
            int length = random.nextInt(300);
            out.writeBytes(new byte[] {(byte) length, (byte) (length >> 8)});
            out.writeBytes(new byte[length]);
        }
        if ((flags & FNAME) != 0) {
            out.writeBytes(new byte[] {'n', 0});
        }
        if ((flags & FCOMMENT) != 0) {
            out.writeBytes(new byte[] {'c', 'c', 0});
        }
        CRC32 crc = new CRC32();
        if ((flags & FHCRC) != 0) {
            crc.update(out.toByteArray());
            out.writeBytes(new byte[] {(byte) crc.getValue(), (byte) (crc.getValue() >> 8)});
            crc.reset();
        }
        out.writeBytes(deflated(piece));
        crc.update(piece);
        for (long number : new long[] {crc.getValue(), piece.length}) {
            for (int shift = 0; shift < 32; shift += 8) {
                out.write((int) (number >> shift) & 0xFF);
            }
        }
        return out.toByteArray();
    }

    private byte[] deflated(byte[] piece) {
        try (Deflater deflater = new Deflater(random.nextInt(10), true)) {
            deflater.setStrategy(random.nextInt(3));
            deflater.setInput(piece);
            deflater.finish();
            byte[] buffer = new byte[piece.length + piece.length / 8 + 100];
            int length = 0;
            while (!deflater.finished()) {
                length += deflater.deflate(buffer, length, buffer.length - length);
            }
            return Arrays.copyOf(buffer, length);
        }
    }

    /// Damages it, or in most cases leaves it: an archive behind damaged compression is never looked at.
    public byte[] mutate(byte[] blob) {
        if (blob.length == 0) {
            return blob;
        }
        byte[] out = blob.clone();
        switch (random.nextInt(12)) {
            case 0 -> out[random.nextInt(out.length)] ^= (byte) (1 << random.nextInt(8));
            case 1 -> out = Arrays.copyOf(out, random.nextInt(out.length) + 1);
            case 2 -> {
                out = Arrays.copyOf(out, out.length + random.nextInt(30) + 1);
                out[blob.length] = (byte) random.nextInt(256);
            }
            case 3 -> {
                for (int i = 0; i < 4; i++) {
                    out[random.nextInt(Math.min(out.length, 20))] = (byte) random.nextInt(256);
                }
            }
            default -> {}
        }
        return out;
    }
}
