package io.slipway.snapshotter.overlay;

import io.slipway.linux.Dir;
import io.slipway.linux.IdMapping;
import io.slipway.linux.Mount;
import io.slipway.linux.Mounts;
import io.slipway.linux.Os;
import io.slipway.snapshotter.layer.OverlayForm;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// What overlayfs of this kernel can do on this file system, found by mounting one and looking at the parameters of
/// the module.
///
/// @param options that every overlay mount of ours carries: features that would tie a layer to the place it was made
/// in are off (index: a moved lower directory is stale; metacopy, redirect_dir: a layer refers to another's files)
/// @param mapsIds whether lower layers can be shown with other owners (Linux 5.19, and a file system that can)
record OverlayProbe(List<String> options, boolean mapsIds) {
    /// Where the kernel says what it does by default.
    static final Path PARAMETERS = Path.of("/sys/module/overlay/parameters");

    static final String VOLATILE = "volatile";

    private static final Logger LOG = LoggerFactory.getLogger(OverlayProbe.class);
    private static final byte[] NAME = {'n', 'e', 'w', '-', 'p', 'r', 'o', 'b', 'e'};

    /// Ends a directory or an option, or takes the next character as it is.
    private static final String UNNAMEABLE = ":,\\";

    /// Any but what the file has.
    private static final IdMapping OTHER_IDS = IdMapping.parse("0:100000:1", "0:100001:1");

    OverlayProbe {
        options = List.copyOf(options);
    }

    /// Tries in `directory`, leaving nothing there.
    ///
    /// @param form in which layers are written there
    /// @param parameters directory of the module's parameters, absent where the module is not loaded
    /// @param wantsVolatile whether `volatile` is asked for
    /// @throws IOException saying why overlayfs can't be used there
    static OverlayProbe of(Path directory, OverlayForm form, Path parameters, boolean wantsVolatile)
            throws IOException {
        if (directory.toString().chars().anyMatch(c -> UNNAMEABLE.indexOf(c) >= 0)) {
            throw new IOException("overlayfs can't be used below " + directory
                    + ": mount options allow no colon, comma or backslash in a path");
        }
        if (!Os.listsTypes(directory)) {
            throw new IOException("overlayfs can't be used on " + directory
                    + ": its file system does not tell the types of names (d_type)");
        }
        List<String> options = options(form, parameters);
        String _ = owner(directory, options);
        if (wantsVolatile) {
            options.add(VOLATILE);
            String _ = owner(directory, options);
        }
        return new OverlayProbe(options, form == OverlayForm.TRUSTED && mapsIds(directory, options));
    }

    /// With `userxattr` the kernel itself leaves out what ties layers together, and refuses to be told so.
    private static List<String> options(OverlayForm form, Path parameters) throws IOException {
        List<String> options = new ArrayList<>();
        if (form == OverlayForm.USER) {
            options.add("userxattr");
        }
        if (Files.exists(parameters.resolve("index"))) {
            options.add("index=off");
        }
        if (form == OverlayForm.TRUSTED) {
            for (String feature : List.of("metacopy", "redirect_dir")) {
                if (isOn(parameters.resolve(feature))) {
                    options.add(feature + "=off");
                }
            }
        }
        return options;
    }

    private static boolean isOn(Path parameter) throws IOException {
        return Files.exists(parameter) && Files.readString(parameter).startsWith("Y");
    }

    private static boolean mapsIds(Path directory, List<String> options) throws IOException {
        List<String> mapped = new ArrayList<>(idOptions(OTHER_IDS));
        mapped.addAll(options);
        try {
            return owner(directory, mapped).equals(OTHER_IDS.rootUser() + ":" + OTHER_IDS.rootGroup());
        } catch (IOException e) {
            LOG.atInfo()
                    .addKeyValue("directory", directory)
                    .addKeyValue("reason", e.getMessage())
                    .log("Overlays can't show their files with other owners here");
            return false;
        }
    }

    /// How a mount is told to show its files with other owners.
    static List<String> idOptions(IdMapping ids) {
        return ids.isEmpty() ? List.of() : List.of("uidmap=" + ids.uidText(), "gidmap=" + ids.gidText());
    }

    /// Mounts one, and takes it away again.
    ///
    /// @return the owner that a file of ours in a lower layer has there
    private static String owner(Path directory, List<String> options) throws IOException {
        try (Dir dir = Dir.openRoot(directory)) {
            Path probe = directory.resolve("new-probe");
            // A run that was killed while it tried has left its mount.
            Mounts.system().unmountTree(probe);
            dir.removeTree(NAME);
            for (String name : List.of("lower/file", "upper", "work", "at")) {
                Files.createDirectories(probe.resolve(name));
            }
            List<String> all = new ArrayList<>(List.of(
                    "workdir=" + probe.resolve("work"),
                    "upperdir=" + probe.resolve("upper"),
                    "lowerdir=" + probe.resolve("lower")));
            all.addAll(options);
            try {
                Mounts.system().mount(List.of(new Mount("overlay", "overlay", "", all)), probe.resolve("at"));
                Path file = probe.resolve("at/file");
                return Files.getAttribute(file, "unix:uid") + ":" + Files.getAttribute(file, "unix:gid");
            } catch (IOException e) {
                throw new IOException(
                        "overlayfs can't be mounted in " + directory + " with " + String.join(",", options) + ": "
                                + e.getMessage() + "; it needs root (in a user namespace: Linux 5.11), a kernel with"
                                + " overlayfs, and a file system that can be its upper layer, such as ext4, XFS or"
                                + " btrfs",
                        e);
            } finally {
                Mounts.system().unmount(probe.resolve("at"));
                dir.removeTree(NAME);
            }
        }
    }
}
