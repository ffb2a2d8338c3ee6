package io.slipway.snapshotter.testkit;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HexFormat;

/// Access control lists as the kernel keeps them (`linux/posix_acl_xattr.h`): version 2, then tag, permissions and id
/// of each entry.
final class Acls {
    private static final int VERSION = 2;
    private static final int OWNER = 1;
    private static final int USER = 2;
    private static final int GROUP = 4;
    private static final int MASK = 16;
    private static final int OTHER = 32;
    private static final int ENTRY_BYTES = 8;

    private Acls() {}

    /// User 1000 may do what `permissions` says, others what `mode` says.
    static String of(int permissions, int mode) {
        ByteBuffer acl = ByteBuffer.allocate(4 + 5 * ENTRY_BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(VERSION);
        entry(acl, OWNER, mode >> 6 & 7, -1);
        entry(acl, USER, permissions, 1000);
        entry(acl, GROUP, 5, -1);
        entry(acl, MASK, mode >> 3 & 7, -1);
        entry(acl, OTHER, mode & 7, -1);
        return HexFormat.of().formatHex(acl.array());
    }

    private static void entry(ByteBuffer acl, int tag, int permissions, int id) {
        acl.putShort((short) tag).putShort((short) permissions).putInt(id);
    }

    static String withMode(String hex, int mode) {
        ByteBuffer acl = ByteBuffer.wrap(HexFormat.of().parseHex(hex)).order(ByteOrder.LITTLE_ENDIAN);
        for (int at = 4; at < acl.capacity(); at += ENTRY_BYTES) {
            int permissions = switch (acl.getShort(at)) {
                case OWNER -> mode >> 6 & 7;
                case MASK -> mode >> 3 & 7;
                case OTHER -> mode & 7;
                default -> acl.getShort(at + 2);
            };
            acl.putShort(at + 2, (short) permissions);
        }
        return HexFormat.of().formatHex(acl.array());
    }
}
