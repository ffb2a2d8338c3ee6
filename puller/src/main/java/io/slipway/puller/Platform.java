package io.slipway.puller;

import java.util.Locale;
import java.util.Optional;

/// An operating system and processor that an image is built for, in the normalised spelling of the OCI image index
/// (`linux`, `amd64`; variant only where the architecture has several).
public record Platform(String os, String architecture, Optional<String> variant) {
    /// Checks that both names are there.
    public Platform {
        if (os.isEmpty() || architecture.isEmpty()) {
            throw new IllegalArgumentException("a platform needs an operating system and an architecture");
        }
    }

    /// What this machine runs.
    public static Platform host() {
        return normalised("linux", System.getProperty("os.arch", "amd64"), "");
    }

    /// Parses `os/arch[/variant]`; a single word that is an architecture means linux.
    ///
    /// @throws IllegalArgumentException when it has another shape; the message names the text
    public static Platform parse(String text) {
        String[] parts = text.split("/", -1);
        for (String part : parts) {
            if (!part.matches("[A-Za-z0-9_.-]+")) {
                throw new IllegalArgumentException("platform \"" + text + "\" is not os/arch[/variant]");
            }
        }
        return switch (parts.length) {
            case 1 -> normalised("linux", parts[0], "");
            case 2 -> normalised(parts[0], parts[1], "");
            case 3 -> normalised(parts[0], parts[1], parts[2]);
            default -> throw new IllegalArgumentException("platform \"" + text + "\" is not os/arch[/variant]");
        };
    }

    /// The normalised spelling: `x86_64` is `amd64`, `aarch64` is `arm64`, `arm` without a variant is `v7`; `amd64/v1`
    /// and `arm64/v8` are the plain architectures.
    public static Platform normalised(String os, String architecture, String variant) {
        String system = os.isEmpty() ? "linux" : os.toLowerCase(Locale.ROOT);
        String arch = architecture.toLowerCase(Locale.ROOT);
        String kind = variant.toLowerCase(Locale.ROOT);
        switch (arch) {
            case "x86_64", "x86-64" -> arch = "amd64";
            case "i386", "i486", "i586", "i686" -> {
                arch = "386";
                kind = "";
            }
            case "aarch64" -> arch = "arm64";
            case "armhf" -> {
                arch = "arm";
                kind = "v7";
            }
            case "armel" -> {
                arch = "arm";
                kind = "v6";
            }
            default -> {}
        }
        if ((arch.equals("amd64") && kind.equals("v1"))
                || (arch.equals("arm64") && (kind.equals("8") || kind.equals("v8")))) {
            kind = "";
        }
        if (arch.equals("arm")) {
            kind = kind.isEmpty() ? "v7" : kind.matches("[5-8]") ? "v" + kind : kind;
        }
        return new Platform(system, arch, kind.isEmpty() ? Optional.empty() : Optional.of(kind));
    }

    @Override
    public String toString() {
        return os + "/" + architecture + variant.map(v -> "/" + v).orElse("");
    }
}
