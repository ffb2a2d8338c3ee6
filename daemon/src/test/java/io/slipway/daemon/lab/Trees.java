package io.slipway.daemon.lab;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.SortedMap;

/// The unpacked tree of an image as each of several unpackers makes it.
public final class Trees {
    private Trees() {}

    /// What lies in the snapshot of `diffIds` of a daemon that speaks containerd's API, read through a view that is
    /// removed again. Uses containerd's own client for both daemons.
    public static SortedMap<String, String> ofSnapshot(Path work, Path socket, String snapshotter, List<String> diffIds)
            throws IOException, InterruptedException {
        Path target = Files.createTempDirectory(work, "view-");
        String key = target.getFileName().toString();
        String[] ctr = {"ctr", "--address", socket.toString(), "snapshots", "--snapshotter", snapshotter};
        LabProcess.check(and(ctr, "view", key, chainId(diffIds)));
        try {
            String mount = LabProcess.check(and(ctr, "mounts", target.toString(), key));
            LabProcess.check("/bin/sh", "-c", mount);
            try {
                return TreeDump.of(target);
            } finally {
                LabProcess.check("umount", target.toString());
            }
        } finally {
            LabProcess.check(and(ctr, "rm", key));
        }
    }

    /// What umoci makes of an image that skopeo fetches.
    public static SortedMap<String, String> ofUmoci(Path work, String reference)
            throws IOException, InterruptedException {
        Path layout = Files.createTempDirectory(work, "umoci-");
        LabProcess.check(
                "skopeo",
                "--insecure-policy",
                "copy",
                "-q",
                "--src-tls-verify=false",
                "docker://" + reference,
                "oci:" + layout.resolve("image") + ":it");
        LabProcess.check(
                "umoci",
                "unpack",
                "--image",
                layout.resolve("image") + ":it",
                layout.resolve("bundle").toString());
        return TreeDump.of(layout.resolve("bundle/rootfs"));
    }

    /// The name of the snapshot that holds layers with these diff ids (OCI image specification, ChainID).
    public static String chainId(List<String> diffIds) {
        String chain = diffIds.getFirst();
        for (String diffId : diffIds.subList(1, diffIds.size())) {
            try {
                byte[] hash = MessageDigest.getInstance("SHA-256")
                        .digest((chain + " " + diffId).getBytes(StandardCharsets.US_ASCII));
                chain = "sha256:" + HexFormat.of().formatHex(hash);
            } catch (NoSuchAlgorithmException e) {
                throw new IllegalStateException("every JDK has SHA-256", e);
            }
        }
        return chain;
    }

    private static String[] and(String[] first, String... more) {
        String[] all = java.util.Arrays.copyOf(first, first.length + more.length);
        System.arraycopy(more, 0, all, first.length, more.length);
        return all;
    }
}
