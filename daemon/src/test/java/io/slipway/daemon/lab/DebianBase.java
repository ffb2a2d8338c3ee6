package io.slipway.daemon.lab;

import io.slipway.daemon.lab.TarBytes.Attributes;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/// An image such as a Dockerfile on a Debian base gives, of the files of this machine's packages: the base with merged
/// /usr, then what each kind of RUN line leaves.
final class DebianBase {
    private static final List<String> BASE =
            List.of("base-files", "base-passwd", "dash", "bash", "coreutils", "libc6", "login", "passwd", "tzdata");
    private static final List<String> INSTALLED = List.of("libcap2-bin", "zstd");
    private static final Path STATUS = Path.of("/var/lib/dpkg/status");
    private static final byte[] CAP_NET_RAW = {1, 0, 0, 2, 0, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    private static final long BUILT_NS = 1_767_323_045_123_456_789L;

    private DebianBase() {}

    /// The layers, bottom first.
    static List<LabLayers.Layer> layers(Path work) throws IOException, InterruptedException {
        String status = Files.readString(STATUS, StandardCharsets.UTF_8);
        LabLayers.Layer base = DebianLayers.of(work, "gnu", BASE.toArray(String[]::new));
        LabLayers.Layer installed = DebianLayers.of(work, "posix", INSTALLED.toArray(String[]::new));
        return List.of(
                tar -> {
                    merged(tar);
                    tar.file("var/lib/dpkg/status", attributes(0644), stanzas(status, BASE));
                    base.write(tar);
                },
                tar -> {
                    List<String> all = new ArrayList<>(BASE);
                    all.addAll(INSTALLED);
                    tar.file("var/lib/dpkg/status", attributes(0644), stanzas(status, all));
                    tar.file("var/lib/dpkg/status-old", attributes(0644), stanzas(status, BASE));
                    installed.write(tar);
                },
                DebianBase::removed,
                DebianBase::owned,
                DebianBase::capable,
                DebianBase::replaced);
    }

    /// What `usrmerge` leaves, ahead of the packages' files.
    private static void merged(TarBytes tar) throws IOException {
        tar.directory("usr", attributes(0755));
        for (String name : List.of("bin", "sbin", "lib", "lib64")) {
            tar.directory("usr/" + name, attributes(0755));
            tar.symlink(name, attributes(0777), "usr/" + name);
        }
        tar.directory("tmp", attributes(01777));
        tar.directory("var", attributes(0755));
        tar.directory("var/mail", new Attributes(02775, 0, 8, BUILT_NS));
    }

    /// `rm -rf /usr/share/doc /usr/share/lintian && rm /etc/issue /usr/bin/zstdless`.
    private static void removed(TarBytes tar) throws IOException {
        tar.directory("etc", attributes(0755));
        tar.whiteout("etc/.wh.issue");
        tar.directory("usr", attributes(0755));
        tar.directory("usr/share", attributes(0755));
        tar.whiteout("usr/share/.wh.doc");
        tar.whiteout("usr/share/.wh.lintian");
        tar.whiteout("usr/bin/.wh.zstdless");
    }

    /// `chown -R 1000:1000 /usr/share/zoneinfo/Europe && chmod -R o-rx` of it: every file again, with its content.
    private static void owned(TarBytes tar) throws IOException {
        Path top = Path.of("/usr/share/zoneinfo/Europe");
        Set<Path> paths = new TreeSet<>();
        Files.walkFileTree(top, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(Path path, BasicFileAttributes attributes) {
                paths.add(path);
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFile(Path path, BasicFileAttributes attributes) {
                paths.add(path);
                return FileVisitResult.CONTINUE;
            }
        });
        for (Path path : paths) {
            String name = path.toString().substring(1);
            Attributes attributes = new Attributes(closed(path), 1000, 1000, BUILT_NS + paths.size());
            if (Files.isSymbolicLink(path)) {
                tar.symlink(name, attributes, Files.readSymbolicLink(path).toString());
            } else if (Files.isDirectory(path)) {
                tar.directory(name, attributes);
            } else {
                tar.file(name, attributes, Files.readAllBytes(path));
            }
        }
    }

    private static int closed(Path path) throws IOException {
        int mode = (int) Files.getAttribute(path, "unix:mode", LinkOption.NOFOLLOW_LINKS) & 07777;
        return Files.isSymbolicLink(path) ? mode : mode & ~07;
    }

    /// `setcap cap_net_raw+ep` on files, one of them with two names, in directories that the layer has no entries for.
    private static void capable(TarBytes tar) throws IOException {
        Attributes capable = new Attributes(
                0755, 0, 0, BUILT_NS, Map.of("security.capability", CAP_NET_RAW, "user.note", new byte[] {1}));
        tar.file("usr/bin/dash", capable, Files.readAllBytes(Path.of("/usr/bin/dash")));
        tar.file("usr/local/bin/tool", capable, new byte[] {'#', '!'});
        tar.hardLink("usr/local/bin/tool-2", capable, "usr/local/bin/tool");
        tar.characterDevice("dev/null", attributes(0666), 1, 3);
    }

    /// A directory in place of a file and a file in place of a directory; a directory emptied and filled again.
    private static void replaced(TarBytes tar) throws IOException {
        tar.directory("etc/debian_version", attributes(0750));
        tar.file("etc/debian_version/x", attributes(0600), new byte[] {'x'});
        tar.file("etc/skel", attributes(0644), new byte[] {'s'});
        tar.directory("etc/update-motd.d", attributes(0711));
        tar.whiteout("etc/update-motd.d/.wh..wh..opq");
        tar.file("etc/update-motd.d/20-new", attributes(0755), new byte[] {'n'});
        tar.file("tmp/left", attributes(0600), new byte[] {'l'});
    }

    private static Attributes attributes(int mode) {
        return new Attributes(mode, 0, 0, BUILT_NS);
    }

    private static byte[] stanzas(String status, List<String> packages) {
        StringBuilder kept = new StringBuilder();
        for (String stanza : status.split("\n\n", -1)) {
            if (packages.contains(stanza.lines().findFirst().orElse("").replaceFirst("^Package: ", ""))) {
                kept.append(stanza).append("\n\n");
            }
        }
        return kept.toString().getBytes(StandardCharsets.UTF_8);
    }
}
