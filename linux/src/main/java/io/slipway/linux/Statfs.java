package io.slipway.linux;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.Map;

/// statfs(2): `struct statfs` of 64-bit machines (`asm-generic/statfs.h`), all fields 8 bytes.
final class Statfs {
    private static final int TYPE = 0;
    private static final int BLOCKS = 16;
    private static final int AVAILABLE = 32;
    private static final int FILES = 40;
    private static final int FILES_FREE = 48;
    private static final int FRAGMENT_SIZE = 72;
    private static final int FLAGS = 80;

    /// linux/statfs.h
    private static final long ST_RDONLY = 1;

    /// linux/magic.h
    private static final Map<Long, String> NAMES = Map.ofEntries(
            Map.entry(0xEF53L, "ext4"),
            Map.entry(0x58465342L, "xfs"),
            Map.entry(0x9123683EL, "btrfs"),
            Map.entry(0x01021994L, "tmpfs"),
            Map.entry(0x794c7630L, "overlayfs"),
            Map.entry(0xE0F5E1E2L, "erofs"),
            Map.entry(0x2FC12FC1L, "zfs"),
            Map.entry(0xF2F52010L, "f2fs"),
            Map.entry(0xca451a4eL, "bcachefs"),
            Map.entry(0x6969L, "nfs"),
            Map.entry(0xFF534D42L, "cifs"),
            Map.entry(0x65735546L, "fuse"),
            Map.entry(0x73717368L, "squashfs"),
            Map.entry(0x858458f6L, "ramfs"),
            Map.entry(0x01021997L, "9p"),
            Map.entry(0x9fa0L, "proc"));

    private Statfs() {}

    static FileSystemInfo of(Path path) throws IOException {
        String subject = path.toString();
        try (Scratch s = Scratch.take()) {
            s.check(Sys.call(s, Nr.STATFS, s.path(subject), s.struct.address()), "statfs", subject);
            return read(s);
        }
    }

    static FileSystemInfo of(Descriptor file) throws IOException {
        try (Scratch s = Scratch.take()) {
            s.check(Sys.call(s, Nr.FSTATFS, file.fd(), s.struct.address()), "fstatfs", file);
            return read(s);
        }
    }

    private static FileSystemInfo read(Scratch s) {
        long magic = s.struct.get(JAVA_LONG, TYPE) & 0xFFFF_FFFFL;
        long unit = s.struct.get(JAVA_LONG, FRAGMENT_SIZE);
        return new FileSystemInfo(
                magic,
                NAMES.getOrDefault(magic, "0x" + HexFormat.of().toHexDigits(magic, 8)),
                s.struct.get(JAVA_LONG, BLOCKS) * unit,
                s.struct.get(JAVA_LONG, AVAILABLE) * unit,
                s.struct.get(JAVA_LONG, FILES),
                s.struct.get(JAVA_LONG, FILES_FREE),
                (s.struct.get(JAVA_LONG, FLAGS) & ST_RDONLY) != 0);
    }
}
