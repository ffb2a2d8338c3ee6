package io.slipway.runtime.shim;

import io.slipway.cas.ApiException;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/// Finds the binary of a runtime by its name: `io.containerd.runc.v2` is `containerd-shim-runc-v2`, looked for in
/// the
/// working directory, on `PATH`, then beside the daemon's own executable. What was found is remembered as long as
/// it
/// exists. Blocking; any thread.
public final class ShimBinaries {
    private final List<Path> directories;
    private final Map<String, Path> found = new ConcurrentHashMap<>();

    /// @param workingDirectory looked in first
    /// @param searchPath directories separated by `:`, as in `PATH`; relative ones are skipped
    /// @param further looked in last
    public ShimBinaries(Path workingDirectory, String searchPath, List<Path> further) {
        List<Path> all = new ArrayList<>();
        all.add(workingDirectory);
        for (String entry : searchPath.split(File.pathSeparator, -1)) {
            if (entry.startsWith("/")) {
                all.add(Path.of(entry));
            }
        }
        all.addAll(further);
        this.directories = List.copyOf(all);
    }

    /// The binary for `runtime`: a name of at least two parts separated by dots, or an absolute path.
    ///
    /// @throws ApiException UNKNOWN (containerd has no class for it) when the name is malformed or nothing was
    ///     found
    public Path resolve(String runtime) {
        if (runtime.startsWith("/")) {
            Path path = Path.of(runtime);
            if (!Files.isExecutable(path)) {
                throw unknown("runtime \"" + runtime + "\" is not an executable file");
            }
            return path;
        }
        String[] parts = runtime.split("\\.", -1);
        if (runtime.contains("/") || parts.length < 2) {
            throw unknown("invalid runtime name " + runtime
                    + ", correct runtime name should be either format like io.containerd.runc.v1"
                    + " or a full path to the binary");
        }
        String binary = "containerd-shim-" + parts[parts.length - 2] + "-" + parts[parts.length - 1];
        Path known = found.get(binary);
        if (known != null && Files.isExecutable(known)) {
            return known;
        }
        for (Path directory : directories) {
            Path candidate = directory.resolve(binary);
            if (Files.isRegularFile(candidate) && Files.isExecutable(candidate)) {
                found.put(binary, candidate.toAbsolutePath());
                return candidate.toAbsolutePath();
            }
        }
        throw unknown("runtime \"" + runtime + "\" binary not installed \"" + binary + "\": file does not exist");
    }

    private static ApiException unknown(String text) {
        return new ApiException(ApiException.Code.UNKNOWN, text);
    }
}
