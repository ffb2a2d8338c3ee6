package io.slipway.puller.image;

import io.slipway.puller.Platform;
import io.slipway.puller.image.Document.Entry;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Which manifest of an index runs on a platform: the same architecture, a lower variant where variants build on each
/// other, then what the processor also runs (386 on amd64, arm on arm64), as containerd chooses.
public final class PlatformChoice {
    private PlatformChoice() {}

    /// The best entry. One without a platform is taken only when nothing names the right one.
    public static Optional<Entry> best(List<Entry> entries, Platform wanted) {
        for (Platform accepted : accepted(wanted)) {
            for (Entry entry : entries) {
                if (entry.platform().filter(accepted::equals).isPresent()) {
                    return Optional.of(entry);
                }
            }
        }
        return entries.stream()
                .filter(entry -> entry.platform().isEmpty())
                .filter(entry -> MediaTypes.isManifest(entry.descriptor().mediaType())
                        || MediaTypes.isIndex(entry.descriptor().mediaType()))
                .findFirst();
    }

    /// Whether an image that says it is for `offered` runs on `wanted`.
    public static boolean runs(Platform offered, Platform wanted) {
        return accepted(wanted).contains(offered);
    }

    /// What runs there, best first.
    static List<Platform> accepted(Platform wanted) {
        List<Platform> list = new ArrayList<>();
        String os = wanted.os();
        String variant = wanted.variant().orElse("");
        switch (wanted.architecture()) {
            case "amd64" -> {
                lower(list, os, "amd64", variant.isEmpty() ? "v1" : variant, 2);
                list.add(Platform.normalised(os, "amd64", ""));
                list.add(Platform.normalised(os, "386", ""));
            }
            case "arm64" -> {
                lower(list, os, "arm64", variant.isEmpty() ? "v8" : variant, 9);
                list.add(Platform.normalised(os, "arm64", ""));
                lower(list, os, "arm", "v8", 5);
            }
            case "arm" -> lower(list, os, "arm", variant.isEmpty() ? "v7" : variant, 5);
            default -> list.add(wanted);
        }
        if (!list.contains(wanted)) {
            list.addFirst(wanted);
        }
        return list;
    }

    private static void lower(List<Platform> list, String os, String architecture, String variant, int lowest) {
        if (!variant.matches("v\\d")) {
            return;
        }
        for (int v = variant.charAt(1) - '0'; v >= lowest; v--) {
            list.add(Platform.normalised(os, architecture, "v" + v));
        }
    }
}
