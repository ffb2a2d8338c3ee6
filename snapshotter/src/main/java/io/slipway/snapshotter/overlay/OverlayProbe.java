package io.slipway.snapshotter.overlay;

import io.slipway.linux.Dir;
import io.slipway.linux.Mount;
import io.slipway.linux.Mounts;
import io.slipway.linux.Os;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// What overlayfs of this kernel can do on this file system, found by mounting one and looking at the parameters of
/// the module.
///
/// @param options that every overlay mount of ours carries: features that would tie a layer to the place it was made
/// in are off (index: a moved lower directory is stale; metacopy, redirect_dir: a layer refers to another's files)
record OverlayProbe(List<String> options) {
    private static final Path PARAMETERS = Path.of("/sys/module/overlay/parameters");
    private static final byte[] NAME = {'n', 'e', 'w', '-', 'p', 'r', 'o', 'b', 'e'};

    OverlayProbe {
        options = List.copyOf(options);
    }

    /// Tries in `directory`, leaving nothing there.
    ///
    /// @param wantsVolatile whether `volatile` is asked for
    /// @throws IOException saying why overlayfs can't be used there
    static OverlayProbe of(Path directory, boolean wantsVolatile) throws IOException {
        if (directory.toString().indexOf(':') >= 0 || directory.toString().indexOf(',') >= 0) {
            throw new IOException(
                    "overlayfs can't be used below " + directory + ": mount options allow no colon or comma in a path");
        }
        if (!Os.listsTypes(directory)) {
            throw new IOException("overlayfs can't be used on " + directory
                    + ": its file system does not tell the types of names (d_type)");
        }
        List<String> options = new ArrayList<>();
        if (Files.exists(PARAMETERS.resolve("index"))) {
            options.add("index=off");
        }
        if (isOn("metacopy")) {
            options.add("metacopy=off");
        }
        if (isOn("redirect_dir")) {
            options.add("redirect_dir=off");
        }
        mount(directory, options);
        if (wantsVolatile) {
            options.add("volatile");
            mount(directory, options);
        }
        return new OverlayProbe(options);
    }

    private static boolean isOn(String parameter) throws IOException {
        Path file = PARAMETERS.resolve(parameter);
        return Files.exists(file) && Files.readString(file).startsWith("Y");
    }

    private static void mount(Path directory, List<String> options) throws IOException {
        try (Dir dir = Dir.openRoot(directory)) {
            Path probe = directory.resolve("new-probe");
            // A run that was killed while it tried has left its mount.
            Mounts.system().unmountTree(probe);
            dir.removeTree(NAME);
            for (String name : List.of("lower", "upper", "work", "at")) {
                Files.createDirectories(probe.resolve(name));
            }
            List<String> all = new ArrayList<>(List.of(
                    "workdir=" + probe.resolve("work"),
                    "upperdir=" + probe.resolve("upper"),
                    "lowerdir=" + probe.resolve("lower")));
            all.addAll(options);
            try {
                Mounts.system().mount(List.of(new Mount("overlay", "overlay", "", all)), probe.resolve("at"));
                Mounts.system().unmount(probe.resolve("at"));
            } catch (IOException e) {
                throw new IOException(
                        "overlayfs can't be mounted in " + directory + " with " + String.join(",", options) + ": "
                                + e.getMessage() + "; it needs root, a kernel with overlayfs, and a file system that"
                                + " can be its upper layer, such as ext4, XFS or btrfs",
                        e);
            } finally {
                dir.removeTree(NAME);
            }
        }
    }
}
