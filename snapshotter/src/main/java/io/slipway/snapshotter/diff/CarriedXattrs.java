package io.slipway.snapshotter.diff;

import io.slipway.linux.Dir;
import io.slipway.snapshotter.tar.Xattr;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/// The extended attributes that belong to an image: file capabilities, ACLs, and what users set. Labels of this
/// machine's security modules and what steers the overlay (`trusted.`, `user.overlay.`) stay behind.
final class CarriedXattrs {
    private static final String CAPABILITY = "security.capability";
    private static final String USER = "user.";
    private static final String USER_OVERLAY = "user.overlay.";
    private static final String ACCESS_ACL = "system.posix_acl_access";
    private static final String DEFAULT_ACL = "system.posix_acl_default";

    /// `struct vfs_ns_cap_data` of linux/capability.h: little endian, the revision in the top byte of the first
    /// word; revision 3 adds the root user of a user namespace, which means nothing elsewhere.
    private static final int REVISION_AT = 3;

    private static final byte REVISION_2 = 2;
    private static final byte REVISION_3 = 3;
    private static final int REVISION_2_BYTES = 20;
    private static final int REVISION_3_BYTES = 24;

    private CarriedXattrs() {}

    /// Those of a child, sorted by name.
    static List<Xattr> of(Dir dir, byte[] name) throws IOException {
        List<byte[]> names = dir.xattrs(name);
        if (names.isEmpty()) {
            return List.of();
        }
        List<Xattr> carried = new ArrayList<>();
        for (byte[] attribute : names) {
            String text = new String(attribute, StandardCharsets.ISO_8859_1);
            if (carries(text)) {
                Optional<byte[]> value = dir.xattr(name, attribute);
                if (value.isPresent()) {
                    boolean capability = text.equals(CAPABILITY);
                    carried.add(new Xattr(attribute, capability ? portable(value.get()) : value.get()));
                }
            }
        }
        carried.sort(Comparator.comparing(Xattr::name, Arrays::compareUnsigned));
        return carried;
    }

    /// A PAX record ends its key at the first `=`, so a name with one can't be said.
    private static boolean carries(String name) {
        boolean user = name.startsWith(USER) && !name.startsWith(USER_OVERLAY) && name.indexOf('=') < 0;
        return user || name.equals(CAPABILITY) || name.equals(ACCESS_ACL) || name.equals(DEFAULT_ACL);
    }

    private static byte[] portable(byte[] capability) {
        if (capability.length != REVISION_3_BYTES || capability[REVISION_AT] != REVISION_3) {
            return capability;
        }
        byte[] plain = Arrays.copyOf(capability, REVISION_2_BYTES);
        plain[REVISION_AT] = REVISION_2;
        return plain;
    }

    static boolean equal(List<Xattr> a, List<Xattr> b) {
        if (a.size() != b.size()) {
            return false;
        }
        for (int i = 0; i < a.size(); i++) {
            if (!Arrays.equals(a.get(i).name(), b.get(i).name())
                    || !Arrays.equals(a.get(i).value(), b.get(i).value())) {
                return false;
            }
        }
        return true;
    }
}
