package io.slipway.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;

/// The image that pulls are measured with: eight gzip layers of Debian packages, about 1.5 GB unpacked and 0.5 GB
/// compressed, in the mix of a real application image (many small files, some large libraries, hardly compressible
/// archives). Built once as an OCI layout and kept in the lab directory.
final class LabImage {
    private static final List<List<String>> LAYERS = List.of(
            List.of(
                    "libc6",
                    "libc-bin",
                    "coreutils",
                    "bash",
                    "dpkg",
                    "perl-base",
                    "perl-modules-5.36",
                    "libperl5.36",
                    "git",
                    "vim-runtime",
                    "busybox-static"),
            List.of("openjdk-17-jre-headless"),
            List.of("firefox-esr"),
            List.of("libboost1.74-dev"),
            List.of("python3-numpy", "python3-scipy"),
            List.of("libllvm14", "libclang-cpp14", "gcc-12", "cpp-12"),
            List.of("libreoffice-core", "libreoffice-common"),
            List.of("fonts-noto-cjk"));

    /// Beside the blobs: how many entries the layers have together.
    private static final String ENTRIES = "entries";

    /// Beside the blobs: digests of the layers, bottom first, one per line.
    private static final String LAYER_NAMES = "layers";

    private record Blob(String digest, long size) {}

    private LabImage() {}

    /// The layout directory, built when it is not there.
    static Path layout(Path lab) throws IOException, InterruptedException {
        Path layout = lab.resolve("image-8-layers-v2");
        if (Files.exists(layout)) {
            return layout;
        }
        System.err.println("building the 8-layer image once, in " + layout);
        Path work = Files.createTempDirectory(lab, "build-");
        try {
            Path building = work.resolve("layout");
            Files.createDirectories(building.resolve("blobs/sha256"));
            List<Blob> layers = new ArrayList<>();
            List<String> diffIds = new ArrayList<>();
            long entries = 0;
            for (List<String> packages : LAYERS) {
                entries += addLayer(work, building, packages, layers, diffIds);
            }
            Files.writeString(building.resolve(ENTRIES), entries + "\n");
            Files.write(
                    building.resolve(LAYER_NAMES),
                    layers.stream().map(Blob::digest).toList());
            writeMetadata(building, layers, diffIds);
            Files.move(building, layout, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Shell.deleteTree(work);
        }
        return layout;
    }

    /// How many files, directories and links unpacking it makes.
    static long entries(Path layout) throws IOException {
        return Long.parseLong(Files.readString(layout.resolve(ENTRIES)).strip());
    }

    /// The files of its layers, bottom first.
    static List<Path> layers(Path layout) throws IOException {
        return Files.readAllLines(layout.resolve(LAYER_NAMES)).stream()
                .map(digest -> blob(layout, digest))
                .toList();
    }

    private static Path blob(Path layout, String digest) {
        return layout.resolve("blobs/sha256").resolve(digest.substring("sha256:".length()));
    }

    /// Returns how many entries it has.
    private static long addLayer(Path work, Path layout, List<String> packages, List<Blob> layers, List<String> diffIds)
            throws IOException, InterruptedException {
        Path debs = Files.createTempDirectory(work, "debs-");
        Path tree = Files.createTempDirectory(work, "tree-");
        List<String> download = new ArrayList<>(List.of("apt-get", "-q", "-o", "APT::Sandbox::User=root", "download"));
        download.addAll(packages);
        Shell.run(debs, download);
        try (Stream<Path> files = Files.list(debs)) {
            for (Path deb : files.sorted().toList()) {
                Shell.run(work, List.of("dpkg-deb", "-x", deb.toString(), tree.toString()));
            }
        }
        Path tar = work.resolve("layer.tar");
        Shell.run(
                work,
                List.of(
                        "tar",
                        "--sort=name",
                        "--numeric-owner",
                        "--format=pax",
                        "--pax-option=delete=atime,delete=ctime",
                        "-cf",
                        tar.toString(),
                        "-C",
                        tree.toString(),
                        "."));
        diffIds.add(digestOf(tar));
        long entries =
                Shell.run(work, List.of("tar", "-tf", tar.toString())).lines().count();
        Shell.run(work, List.of("gzip", "-6", "-n", tar.toString()));
        layers.add(store(layout, work.resolve("layer.tar.gz")));
        Shell.deleteTree(debs);
        Shell.deleteTree(tree);
        return entries;
    }

    private static void writeMetadata(Path layout, List<Blob> layers, List<String> diffIds) throws IOException {
        String config = """
                {"architecture":"amd64","os":"linux","config":{"Cmd":["/bin/busybox","true"]},\
                "rootfs":{"type":"layers","diff_ids":[%s]}}""".formatted(String.join(
                ",", diffIds.stream().map(id -> "\"" + id + "\"").toList()));
        Blob configBlob = storeText(layout, config);
        String manifest = """
                {"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",\
                "config":%s,"layers":[%s]}""".formatted(
                        descriptor("application/vnd.oci.image.config.v1+json", configBlob),
                        String.join(
                                ",",
                                layers.stream()
                                        .map(layer -> descriptor("application/vnd.oci.image.layer.v1.tar+gzip", layer))
                                        .toList()));
        Blob manifestBlob = storeText(layout, manifest);
        Files.writeString(
                layout.resolve("index.json"),
                "{\"schemaVersion\":2,\"manifests\":["
                        + descriptor("application/vnd.oci.image.manifest.v1+json", manifestBlob) + "]}");
        Files.writeString(layout.resolve("oci-layout"), "{\"imageLayoutVersion\":\"1.0.0\"}");
    }

    private static String descriptor(String mediaType, Blob blob) {
        return "{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%d}".formatted(mediaType, blob.digest(), blob.size());
    }

    private static Blob storeText(Path layout, String text) throws IOException {
        Path file = Files.createTempFile(layout, "text-", "");
        Files.writeString(file, text, StandardCharsets.UTF_8);
        return store(layout, file);
    }

    private static Blob store(Path layout, Path file) throws IOException {
        String digest = digestOf(file);
        long size = Files.size(file);
        Files.move(file, blob(layout, digest), StandardCopyOption.REPLACE_EXISTING);
        return new Blob(digest, size);
    }

    private static String digestOf(Path file) throws IOException {
        try (var in = Files.newInputStream(file)) {
            MessageDigest sha256 = MessageDigest.getInstance("SHA-256");
            byte[] buffer = new byte[1 << 20];
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                sha256.update(buffer, 0, n);
            }
            return "sha256:" + HexFormat.of().formatHex(sha256.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
