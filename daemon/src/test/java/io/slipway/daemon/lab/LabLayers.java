package io.slipway.daemon.lab;

import io.slipway.daemon.lab.TarBytes.Attributes;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;

/// The layers of the test image bottom first. Together they hold everything that has ever made one unpacker
/// differ from another, and busybox, so that the image runs.
final class LabLayers {
    /// The content of big files; printed nowhere because it never varies.
    private static final long SEED = 20_261_120;
    /// 2026-01-02 03:04:05.123456789 UTC.
    private static final long TIME_NS = 1_767_323_045_123_456_789L;

    private static final Path BUSYBOX = Path.of("/bin/busybox");
    private static final Path ZONEINFO = Path.of("/usr/share/zoneinfo");
    private static final List<String> APPLETS =
            List.of("sh", "cat", "echo", "id", "ls", "sleep", "true", "false", "env", "pwd", "stat", "date", "kill");

    private LabLayers() {}

    /// One layer, written as often as it is asked for.
    interface Layer {
        void write(TarBytes tar) throws IOException;
    }

    /// Five layers, or six with the one that holds a hard link to a name of a lower layer.
    static List<Layer> all(boolean withLowerLink) {
        List<Layer> layers = new ArrayList<>(List.of(
                LabLayers::base, LabLayers::packages, LabLayers::removals, LabLayers::implied, LabLayers::names));
        if (withLowerLink) {
            layers.add(LabLayers::lowerLink);
        }
        return layers;
    }

    /// The base layer and one that is large and does not compress.
    static List<Layer> large(int bytes) {
        return List.of(LabLayers::base, tar -> tar.file("srv/large", attributes(0644), pattern(9, bytes)));
    }

    /// The base layer and one that is small until it is unpacked.
    static List<Layer> swelling(int bytes) {
        return List.of(LabLayers::base, tar -> tar.file("srv/swelling", attributes(0644), new byte[bytes]));
    }

    /// The base layer and one that puts links in the place of what it has.
    static List<Layer> linked(Map<String, String> links) {
        return List.of(LabLayers::base, tar -> {
            for (Map.Entry<String, String> link : links.entrySet()) {
                tar.symlink(link.getKey(), attributes(0777), link.getValue());
            }
        });
    }

    private static void base(TarBytes tar) throws IOException {
        for (String directory : List.of(
                "bin",
                "etc",
                "usr",
                "usr/bin",
                "var",
                "var/lib",
                "dev",
                "proc",
                "sys",
                "run",
                "srv",
                "srv/kept",
                "srv/emptied",
                "srv/opaque",
                "srv/opaque/below")) {
            tar.directory(directory, attributes(0755));
        }
        tar.directory("root", attributes(0700));
        tar.directory("tmp", attributes(01777));
        tar.directory("srv/owned", new Attributes(02775, 1000, 2000, TIME_NS + 7));
        tar.file("bin/busybox", attributes(0755), Files.readAllBytes(BUSYBOX));
        for (String applet : APPLETS) {
            tar.symlink("bin/" + applet, attributes(0777), "busybox");
        }
        tar.file(
                "etc/passwd",
                attributes(0644),
                bytes("root:x:0:0:root:/root:/bin/sh\nlab:x:1000:2000::/srv:/bin/sh\n"));
        tar.file("etc/group", attributes(0644), bytes("root:x:0:\nlab:x:2000:\nextra:x:3000:lab\n"));
        tar.file("usr/bin/setuid", attributes(04755), bytes("#!/bin/sh\nid -u\n"));
        tar.file("usr/bin/setgid", new Attributes(02711, 0, 2000, TIME_NS), bytes("setgid"));
        tar.file(
                "usr/bin/cap-setuid",
                new Attributes(0755, 0, 0, TIME_NS, Map.of("security.capability", capSetuid())),
                bytes("capable"));
        tar.file(
                "etc/labelled",
                new Attributes(0600, 12, 34, TIME_NS, Map.of("user.note", new byte[] {0, (byte) 0xFF, '=', '\n', 7})),
                bytes("labelled"));
        tar.fifo("run/pipe", attributes(0620));
        tar.characterDevice("dev/lab-null", attributes(0666), 1, 3);
        tar.sparseFile("var/lib/sparse", attributes(0640), pattern(1, 5000), pattern(2, 3000), 24L << 20);
        tar.file("srv/kept/one", attributes(0644), bytes("one"));
        tar.file("srv/kept/two", attributes(0644), bytes("two"));
        tar.file("srv/emptied/a", attributes(0644), bytes("a"));
        tar.file("srv/opaque/hidden", attributes(0644), bytes("hidden"));
        tar.file("srv/opaque/below/hidden", attributes(0644), bytes("hidden"));
        tar.file("srv/becomes-directory", attributes(0644), bytes("a file once"));
        tar.directory("srv/becomes-file", attributes(0755));
        tar.file("srv/becomes-file/child", attributes(0644), bytes("child"));
    }

    private static void packages(TarBytes tar) throws IOException {
        tar.directory("usr", attributes(0755));
        tar.directory("usr/share", attributes(0755));
        tar.directory("usr/share/zoneinfo", attributes(0755));
        try (Stream<Path> files = Files.walk(ZONEINFO)) {
            for (Path file : files.sorted().skip(1).toList()) {
                String name = "usr/share/zoneinfo/" + ZONEINFO.relativize(file);
                if (Files.isSymbolicLink(file)) {
                    tar.symlink(
                            name, attributes(0777), Files.readSymbolicLink(file).toString());
                } else if (Files.isDirectory(file)) {
                    tar.directory(name, attributes(0755));
                } else {
                    tar.file(name, attributes(0644), Files.readAllBytes(file));
                }
            }
        }
        tar.directory("usr/share/links", attributes(0755));
        tar.directory("usr/share/links/deep", attributes(0755));
        tar.file("usr/share/links/first", attributes(0644), bytes("three names"));
        tar.hardLink("usr/share/links/deep/second", attributes(0644), "usr/share/links/first");
        tar.hardLink("usr/third", attributes(0644), "usr/share/links/first");
        tar.file("usr/share/blob", attributes(0644), pattern(3, 9 << 20));
    }

    private static void removals(TarBytes tar) throws IOException {
        tar.directory("srv", attributes(0755));
        tar.directory("srv/kept", attributes(0755));
        tar.whiteout("srv/kept/.wh.two");
        tar.whiteout("srv/.wh.emptied");
        tar.directory("srv/opaque", attributes(0750));
        tar.whiteout("srv/opaque/.wh..wh..opq");
        tar.file("srv/opaque/fresh", attributes(0644), bytes("fresh"));
        tar.directory("srv/becomes-directory", attributes(0711));
        tar.file("srv/becomes-directory/inside", attributes(0644), bytes("inside"));
        tar.file("srv/becomes-file", attributes(0644), bytes("a file now"));
    }

    /// No entry for `tmp` or what lies between: its mode must stay 1777.
    private static void implied(TarBytes tar) throws IOException {
        tar.file("tmp/implied/deep/file", attributes(0644), bytes("implied"));
        tar.file("srv/owned/inside/file", attributes(0644), bytes("implied below an owned directory"));
    }

    private static void names(TarBytes tar) throws IOException {
        tar.directory("srv/names", new Attributes(0755, 5, 6, TIME_NS + 42));
        byte[] notText = {'s', 'r', 'v', '/', 'n', 'a', 'm', 'e', 's', '/', 'b', (byte) 0xFF, (byte) 0xFE, 'd'};
        tar.file(notText, attributes(0644), bytes("not UTF-8"));
        tar.file("srv/names/ümläut", attributes(0644), bytes("UTF-8"));
        tar.file("srv/names/" + "n".repeat(255), attributes(0644), bytes("longest component"));
        tar.file("srv/names/" + "d/".repeat(60) + "deep", attributes(0644), bytes("deep"));
        tar.file("srv/names/new\nline", attributes(0644), bytes("new line"));
        tar.symlink("srv/names/link", attributes(0777), "/etc/" + "x".repeat(150));
        tar.directory("srv/owned", new Attributes(02770, 1001, 2001, TIME_NS + 99));
    }

    private static void lowerLink(TarBytes tar) throws IOException {
        tar.hardLink("usr/bin/labelled-link", new Attributes(0600, 12, 34, TIME_NS), "etc/labelled");
        tar.file("etc/last", attributes(0644), bytes("last layer"));
    }

    private static Attributes attributes(int mode) {
        return new Attributes(mode, 0, 0, TIME_NS);
    }

    /// vfs_cap_data revision 2 (linux/capability.h) with CAP_SETUID, bit 7, permitted and effective: holds
    /// byte 0x80.
    private static byte[] capSetuid() {
        byte[] data = new byte[20];
        data[0] = 1;
        data[3] = 2;
        data[4] = (byte) 0x80;
        return data;
    }

    private static byte[] pattern(int stream, int length) {
        byte[] content = new byte[length];
        new Random(SEED + stream).nextBytes(content);
        return content;
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
