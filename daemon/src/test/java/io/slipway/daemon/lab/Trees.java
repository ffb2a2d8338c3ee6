package io.slipway.daemon.lab;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.SortedMap;

/// The unpacked tree of an image as each of several unpackers makes it.
public final class Trees {
    private Trees() {}

    /// What a daemon that speaks containerd's API unpacked for an image, read through a view that containerd's own
    /// client mounts and removes again.
    public static SortedMap<String, String> ofImage(Path work, Path socket, String snapshotter, String reference)
            throws IOException, InterruptedException {
        Path target = Files.createTempDirectory(work, "view-");
        String[] images = {"ctr", "--address", socket.toString(), "images"};
        LabProcess.check(and(images, "mount", "--snapshotter", snapshotter, reference, target.toString()));
        try {
            return TreeDump.of(target);
        } finally {
            LabProcess.check(and(images, "unmount", "--snapshotter", snapshotter, "--rm", target.toString()));
        }
    }

    /// What lies in the snapshot of `diffIds`, looked up by its chain id: for snapshotters other than the daemon's
    /// default, which `ctr images mount` of 1.6 does not look for.
    public static SortedMap<String, String> ofSnapshot(Path work, Path socket, String snapshotter, List<String> diffIds)
            throws IOException, InterruptedException {
        Path target = Files.createTempDirectory(work, "view-");
        String key = target.getFileName().toString();
        String[] snapshots = {"ctr", "--address", socket.toString(), "snapshots", "--snapshotter", snapshotter};
        LabProcess.check(and(snapshots, "view", key, chainId(diffIds)));
        String mount = LabProcess.check(and(snapshots, "mounts", target.toString(), key));
        LabProcess.check("/bin/sh", "-c", mount);
        try {
            return TreeDump.of(target);
        } finally {
            LabProcess.check("umount", target.toString());
            LabProcess.check(and(snapshots, "rm", key));
        }
    }

    /// What umoci makes of an image that skopeo fetches, recompressed, since umoci reads no zstd.
    public static SortedMap<String, String> ofUmoci(Path work, String reference)
            throws IOException, InterruptedException {
        Path layout = Files.createTempDirectory(work, "umoci-");
        LabProcess.check(
                "skopeo",
                "--insecure-policy",
                "copy",
                "-q",
                "--src-tls-verify=false",
                "--dest-compress-format=gzip",
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
    private static String chainId(List<String> diffIds) {
        String chain = diffIds.getFirst();
        for (String diffId : diffIds.subList(1, diffIds.size())) {
            chain = LabImage.digest((chain + " " + diffId).getBytes(StandardCharsets.US_ASCII));
        }
        return chain;
    }

    private static String[] and(String[] first, String... more) {
        String[] all = Arrays.copyOf(first, first.length + more.length);
        System.arraycopy(more, 0, all, first.length, more.length);
        return all;
    }
}
