package io.slipway.linux;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// The directories behind one overlay mount, as its options name them.
///
/// @param upper the writable layer, if any
/// @param lowers nearest first; layers that only lend data are not among them
/// @param userXattr whether it keeps its own attributes as `user.overlay.*`
public record OverlayMount(Optional<String> upper, List<String> lowers, boolean userXattr) {
    private static final String TYPE = "overlay";
    private static final String BIND = "bind";
    private static final String UPPER = "upperdir=";
    private static final String WORK = "workdir=";
    private static final String USER_XATTR = "userxattr";
    private static final String READ_ONLY = "ro";

    public OverlayMount {
        lowers = List.copyOf(lowers);
    }

    /// Reads a list of mounts that is one overlay without a target inside; empty for anything else.
    public static Optional<OverlayMount> of(List<Mount> mounts) {
        if (mounts.size() != 1 || !plain(mounts.getFirst(), TYPE)) {
            return Optional.empty();
        }
        Optional<String> upper = Optional.empty();
        List<String> lowers = List.of();
        boolean userXattr = false;
        for (String option : mounts.getFirst().options()) {
            if (option.startsWith(UPPER)) {
                upper = Optional.of(unescaped(option.substring(UPPER.length())));
            } else if (option.startsWith(OverlayLayers.OPTION)) {
                lowers = OverlayLayers.parse(option.substring(OverlayLayers.OPTION.length()))
                        .lower();
            }
            userXattr |= option.equals(USER_XATTR);
        }
        return Optional.of(new OverlayMount(upper, lowers, userXattr));
    }

    private static String unescaped(String path) {
        return path.replaceAll("\\\\(.)", "$1");
    }

    /// The directory that a list of mounts shows, when it is one bind mount without a target inside.
    public static Optional<String> bound(List<Mount> mounts) {
        return mounts.size() == 1 && plain(mounts.getFirst(), BIND)
                ? Optional.of(mounts.getFirst().source())
                : Optional.empty();
    }

    /// The layers that a list of mounts shows, nearest first, when it is a read-only overlay or a bind mount.
    public static Optional<List<String>> shown(List<Mount> mounts) {
        return bound(mounts)
                .map(List::of)
                .or(() ->
                        of(mounts).filter(overlay -> overlay.upper().isEmpty()).map(OverlayMount::lowers));
    }

    private static boolean plain(Mount mount, String type) {
        boolean bind = type.equals(BIND)
                && mount.options().stream().anyMatch(option -> option.equals("bind") || option.equals("rbind"));
        return mount.target().isEmpty() && (mount.type().equals(type) || bind);
    }

    /// Whether any of the mounts is for reading only.
    public static boolean isReadOnly(List<Mount> mounts) {
        return mounts.stream().anyMatch(mount -> mount.options().contains(READ_ONLY));
    }

    /// The same tree for reading only: the upper directory of an overlay becomes its nearest lower one, so nothing
    /// is written and a mount of it elsewhere is not disturbed. Of an overlay whose files are shown with other
    /// owners, the owners are those that the image has.
    public static List<Mount> readOnly(List<Mount> mounts) {
        return mounts.stream().map(OverlayMount::readOnly).toList();
    }

    private static Mount readOnly(Mount mount) {
        List<String> options = new ArrayList<>();
        String upper = "";
        for (String option : mount.options()) {
            if (mount.type().equals(TYPE) && option.startsWith(UPPER)) {
                upper = option.substring(UPPER.length());
            } else if (!dropped(mount, option)) {
                options.add(option);
            }
        }
        options.addFirst(READ_ONLY);
        if (!upper.isEmpty()) {
            if (IdMapped.isIn(mount)) {
                options.addAll(IdMapped.back(mount, unescaped(upper)));
            }
            String nearest = OverlayLayers.OPTION + upper + ":";
            options.replaceAll(option -> option.startsWith(OverlayLayers.OPTION)
                    ? nearest + option.substring(OverlayLayers.OPTION.length())
                    : option);
        }
        return new Mount(mount.type(), mount.source(), mount.target(), options);
    }

    private static boolean dropped(Mount mount, String option) {
        boolean writing = mount.type().equals(TYPE)
                && (option.startsWith(WORK)
                        || option.equals("volatile")
                        || option.startsWith("fsync=")
                        || IdMapped.isIn(option));
        return writing || option.equals("rw") || option.equals(READ_ONLY);
    }
}
