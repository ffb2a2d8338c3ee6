package io.slipway.linux;

/// What statx(2) knows of a file.
///
/// @param type never [FileType#UNKNOWN]
/// @param mode the twelve permission bits, setuid, setgid and sticky included
/// @param uid owner, 0 to 2^32-1
/// @param gid group, 0 to 2^32-1
/// @param size in bytes
/// @param blocks allocated, in units of 512 bytes
/// @param inode number in its file system
/// @param device the file system
/// @param rdev what a device node stands for, otherwise [DeviceNumber#ZERO]
/// @param links names of this inode
public record Attributes(
        FileType type,
        int mode,
        long uid,
        long gid,
        long size,
        long blocks,
        long inode,
        DeviceNumber device,
        DeviceNumber rdev,
        long links,
        Timestamp accessed,
        Timestamp modified,
        Timestamp changed) {
    public boolean isDirectory() {
        return type == FileType.DIRECTORY;
    }
}
