package io.slipway.daemon.lab;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;

/// Layers of real files: what a Debian package installed on this machine, written by GNU tar. Needs no network.
final class DebianLayers {
    private DebianLayers() {}

    /// A layer with the files and directories of `packages`.
    ///
    /// @param format of GNU tar: `gnu`, `posix` (with extended headers), `ustar`, `v7`
    static LabLayers.Layer of(Path work, String format, String... packages) throws IOException, InterruptedException {
        StringBuilder names = new StringBuilder();
        for (String one : packages) {
            names.append(LabProcess.check("dpkg", "-L", one));
        }
        // `dpkg -L` also prints remarks on diversions; documentation may be left out of an installation.
        List<String> there = names.toString()
                .lines()
                .filter(line -> line.startsWith("/") && !line.equals("/."))
                .filter(line -> Files.exists(Path.of(line), LinkOption.NOFOLLOW_LINKS))
                .map(line -> line.substring(1))
                .distinct()
                .toList();
        Path list = Files.createTempFile(work, "debian-", ".list");
        Files.writeString(list, there.stream().collect(Collectors.joining("\0")), StandardCharsets.UTF_8);
        Path tar = Files.createTempFile(work, "debian-", ".tar");
        LabProcess.check(
                "tar",
                "-C",
                "/",
                "--format=" + format,
                "--numeric-owner",
                "--no-recursion",
                "--null",
                "-T",
                list.toString(),
                "-cf",
                tar.toString());
        return out -> out.raw(Files.readAllBytes(tar));
    }
}
