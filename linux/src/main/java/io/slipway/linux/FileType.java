package io.slipway.linux;

/// What kind of file a name stands for.
public enum FileType {
    FILE(0x8000, 8),
    DIRECTORY(0x4000, 4),
    SYMLINK(0xA000, 10),
    CHARACTER_DEVICE(0x2000, 2),
    BLOCK_DEVICE(0x6000, 6),
    FIFO(0x1000, 1),
    SOCKET(0xC000, 12),
    /// Only in listings of file systems that don't say (no d_type): ask [Dir#stat].
    UNKNOWN(0, 0);

    /// The S_IFMT bits of `linux/stat.h`.
    final int modeBits;

    /// The DT_ value of `dirent.h`.
    final int entryType;

    FileType(int modeBits, int entryType) {
        this.modeBits = modeBits;
        this.entryType = entryType;
    }

    static FileType ofMode(int mode) {
        return ofEntry((mode & 0xF000) >>> 12);
    }

    static FileType ofEntry(int type) {
        return switch (type) {
            case 8 -> FILE;
            case 4 -> DIRECTORY;
            case 10 -> SYMLINK;
            case 2 -> CHARACTER_DEVICE;
            case 6 -> BLOCK_DEVICE;
            case 1 -> FIFO;
            case 12 -> SOCKET;
            default -> UNKNOWN;
        };
    }
}
