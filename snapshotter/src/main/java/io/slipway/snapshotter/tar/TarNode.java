package io.slipway.snapshotter.tar;

import io.slipway.linux.DeviceNumber;
import io.slipway.linux.Timestamp;

/// What an entry says of its inode, beside names and xattrs.
///
/// @param mode the twelve permission bits
/// @param size bytes of data that follow the header; 0 for all but files
/// @param modified may lie before 1970, which readers take as 1970
/// @param device numbers of a device node, otherwise [DeviceNumber#ZERO]
public record TarNode(
        EntryType type, int mode, long uid, long gid, long size, Timestamp modified, DeviceNumber device) {
    public TarNode {
        if (size < 0 || (size > 0 && type != EntryType.FILE)) {
            throw new IllegalArgumentException(type + " of " + size + " bytes");
        }
        if ((mode & ~07777) != 0) {
            throw new IllegalArgumentException("mode " + Integer.toOctalString(mode));
        }
    }
}
