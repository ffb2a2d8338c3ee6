package io.slipway.linux;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/// A mount taken apart: what is mounted, and how the ids of its files are shown (containerd's options `uidmap=` and
/// `gidmap=`, each a list of `container:host:size`).
///
/// A bind mount shows its whole source so. Of an overlay the lower layers are shown so and the upper one is not: what
/// is written there belongs to the host's ids. The lower layers are looked up in a copy of the mounted tree that is
/// mounted nowhere; kernels before 6.15 take no layer from such a one, so there it lies on the mount point while the
/// overlay is made.
///
/// @param mount without these options
/// @param mapping [IdMapping#NONE] when it has none
/// @param only the one lower layer of an overlay that is shown so; empty for all
record IdMapped(Mount mount, IdMapping mapping, String only) {
    private static final String UIDS = "uidmap=";
    private static final String GIDS = "gidmap=";

    /// Ours alone, see [#back].
    private static final String ONLY = "x-idmap-only=";

    private static final String OVERLAY = "overlay";

    /// Layers may lie in a tree that is mounted nowhere since then.
    static final KernelVersion DETACHED_LAYERS = new KernelVersion(6, 15);

    static boolean isIn(Mount mount) {
        return mount.options().stream().anyMatch(IdMapped::isIn);
    }

    static boolean isIn(String option) {
        return option.startsWith(UIDS) || option.startsWith(GIDS);
    }

    static IdMapped of(Mount mount) throws LinuxException {
        if (!isIn(mount)) {
            return new IdMapped(mount, IdMapping.NONE, "");
        }
        String uids = "";
        String gids = "";
        String only = "";
        List<String> others = new ArrayList<>();
        for (String option : mount.options()) {
            if (option.startsWith(UIDS)) {
                uids = option.substring(UIDS.length());
            } else if (option.startsWith(GIDS)) {
                gids = option.substring(GIDS.length());
            } else if (option.startsWith(ONLY)) {
                only = option.substring(ONLY.length());
            } else {
                others.add(option);
            }
        }
        try {
            return new IdMapped(
                    new Mount(mount.type(), mount.source(), mount.target(), others), IdMapping.parse(uids, gids), only);
        } catch (IllegalArgumentException e) {
            throw new LinuxException("mount", mount.source(), Errno.EINVAL.number(), String.valueOf(e.getMessage()));
        }
    }

    /// Options by which an overlay's upper layer, as a lower one, is shown with the ids that its lower layers have:
    /// with theirs left as they are, all is as the container sees it. What can't be read is passed on, for the
    /// mount to refuse.
    static List<String> back(Mount overlay, String upper) {
        try {
            IdMapping back = of(overlay).mapping().inverted();
            return List.of(UIDS + back.uidText(), GIDS + back.gidText(), ONLY + upper);
        } catch (LinuxException _) {
            return overlay.options().stream().filter(IdMapped::isIn).toList();
        }
    }

    boolean isMapped() {
        return !mapping.isEmpty();
    }

    /// Mounts it with its mapping.
    ///
    /// @param options of [#mount]
    /// @param detachedLayers whether the kernel is not older than [#DETACHED_LAYERS]
    void mount(MountOptions options, String target, boolean detachedLayers) throws IOException {
        if (options.isBind()) {
            bind(options, target);
        } else if (mount.type().equals(OVERLAY)) {
            overlay(options, target, detachedLayers);
        } else {
            throw new LinuxException(
                    "mount",
                    target,
                    Errno.EINVAL.number(),
                    "ids are mapped of overlays and binds, not " + mount.type());
        }
    }

    private void bind(MountOptions options, String target) throws IOException {
        boolean recursive = (options.flags() & MountOptions.MS_REC) != 0;
        boolean readOnly = (options.flags() & MountOptions.MS_RDONLY) != 0;
        try (Dir tree = DetachedTree.mapped(mount.source(), recursive, readOnly, mapping)) {
            DetachedTree.attach(tree, target);
        }
    }

    private void overlay(MountOptions options, String target, boolean detachedLayers) throws IOException {
        OverlayLayers layers = OverlayLayers.of(options.data());
        if (layers.lower().isEmpty()) {
            throw new LinuxException("mount", target, Errno.EINVAL.number(), "an overlay without lower layers");
        }
        String base = only.isEmpty() ? layers.commonDirectory() : only;
        try (Dir tree = DetachedTree.mapped(base, false, true, mapping)) {
            String mapped = layers.movedTo("/proc/self/fd/" + tree.fd(), base);
            layers.requireSame(OverlayLayers.parse(mapped));
            if (detachedLayers) {
                SystemMounts.mountPlain(with(mapped), target);
            } else {
                overAttached(tree, with(layers.movedTo(target, base)), target);
            }
        }
    }

    private Mount with(String lower) {
        List<String> options = mount.options().stream()
                .map(option -> option.startsWith(OverlayLayers.OPTION) ? OverlayLayers.OPTION + lower : option)
                .toList();
        return new Mount(mount.type(), mount.source(), mount.target(), options);
    }

    /// Makes the overlay above the tree that it refers to, then leaves it alone on the mount point: it keeps its
    /// layers by itself.
    private static void overAttached(Dir tree, Mount overlay, String target) throws IOException {
        DetachedTree.attach(tree, target);
        Dir made;
        try {
            SystemMounts.mountPlain(overlay, target);
            try {
                made = DetachedTree.copy(target, false);
            } finally {
                SystemMounts.unmountOnce(target);
            }
        } finally {
            SystemMounts.unmountOnce(target);
        }
        try (made) {
            DetachedTree.attach(made, target);
        }
    }
}
