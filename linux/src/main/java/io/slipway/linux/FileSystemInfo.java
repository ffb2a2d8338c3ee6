package io.slipway.linux;

/// What statfs(2) says of the file system a path lies on.
///
/// @param magic the type's number (`linux/magic.h`)
/// @param type its name where we know it (`ext4`, `overlayfs`, `tmpfs`, `btrfs`, `xfs`, ...), otherwise hexadecimal
/// @param totalBytes size
/// @param freeBytes free for this user (without root's reserve)
/// @param freeInodes free inodes, 0 also where there is no such limit
/// @param readOnly mounted read-only
public record FileSystemInfo(
        long magic,
        String type,
        long totalBytes,
        long freeBytes,
        long totalInodes,
        long freeInodes,
        boolean readOnly) {}
