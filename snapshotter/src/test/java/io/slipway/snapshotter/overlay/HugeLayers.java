package io.slipway.snapshotter.overlay;

import static io.slipway.snapshotter.testing.Tar.dir;
import static io.slipway.snapshotter.testing.Tar.extended;
import static io.slipway.snapshotter.testing.Tar.file;
import static io.slipway.snapshotter.testing.Tar.hardLink;
import static io.slipway.snapshotter.testing.Tar.symlink;
import static io.slipway.snapshotter.testing.Tar.whiteout;
import static java.nio.charset.StandardCharsets.ISO_8859_1;

import com.github.luben.zstd.Zstd;
import io.slipway.cas.ApiException;
import io.slipway.cas.Verdict;
import io.slipway.linux.Dir;
import io.slipway.snapshotter.LayerQuota;
import io.slipway.snapshotter.UnpackLayer;
import io.slipway.snapshotter.UnpackListener;
import io.slipway.snapshotter.UnpackRequest;
import io.slipway.snapshotter.Unpacking;
import io.slipway.snapshotter.copying.CopyingDriver;
import io.slipway.snapshotter.layer.DiscardSink;
import io.slipway.snapshotter.layer.LayerApply;
import io.slipway.snapshotter.layer.NoteMemory;
import io.slipway.snapshotter.tar.ByteSource;
import io.slipway.snapshotter.testing.Blobs;
import io.slipway.snapshotter.testing.BytesArrival;
import io.slipway.snapshotter.testing.Fixture;
import io.slipway.snapshotter.testing.Layers;
import io.slipway.snapshotter.testing.Tar;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongFunction;
import org.awaitility.Awaitility;

/// Layers that are hostile by size (rows 43 and 44 of the corpus), applied one after another by a process with the
/// daemon's heap: `HugeLayers ROOT SCALE`. What does not fit ends it. Prints one line per layer and the most memory it
/// ever had.
final class HugeLayers {
    /// Names in one directory, at scale 1.
    private static final int NAMES = 20_000;

    /// Long names in one directory of a plain tree, at scale 1: more than the heap holds.
    private static final int LONG_NAMES = 300_000;

    private static final int LAYERS_AT_ONCE = 24;

    private static final LayerQuota QUOTA = LayerQuota.DEFAULT;
    private static final LayerQuota TIGHT = new LayerQuota(1000, 100, 8 << 20, 100, 1 << 20);

    private final Layers layers;
    private final Path snapshots;
    private long since = System.nanoTime();

    private HugeLayers(Path root) throws IOException {
        layers = new Layers(root);
        snapshots = root.resolve("snapshotters/overlayfs/snapshots");
    }

    public static void main(String[] args) throws Exception {
        int scale = Integer.parseInt(args[1]);
        HugeLayers huge = new HugeLayers(Path.of(args[0]));
        try {
            huge.byEntries(scale);
            huge.byNames(scale);
            huge.byNamesOfPlainTrees(scale);
            huge.byMemory();
            huge.byMemoryOfManyAtOnce();
            huge.byBytes();
            huge.byCompression();
        } finally {
            huge.layers.close();
        }
        List<String> status = Files.readAllLines(Path.of("/proc/self/status"));
        System.out.println(status.stream()
                .filter(line -> line.startsWith("VmHWM"))
                .findFirst()
                .orElseThrow());
    }

    /// Blocks of a tar made when they are asked for; ends with the archive when `count` are out.
    private static ByteSource stream(long count, LongFunction<Tar> entries) {
        long[] next = {0};
        return () -> {
            if (next[0] > count) {
                return null;
            }
            long i = next[0]++;
            return ByteBuffer.wrap(
                    i == count ? new byte[1024] : entries.apply(i).bytes());
        };
    }

    private void say(String line) {
        long now = System.nanoTime();
        System.out.println((now - since) / 1_000_000 + " ms: " + line);
        since = now;
    }

    private interface Applying {
        void run() throws IOException, InterruptedException;
    }

    private void refused(String what, String message, Applying applying) throws IOException, InterruptedException {
        int before = directories();
        try {
            applying.run();
        } catch (IOException | ApiException e) {
            if (!String.valueOf(e.getMessage()).contains(message)) {
                throw new IllegalStateException(what + ": wrong reason", e);
            }
            if (directories() != before) {
                throw new IllegalStateException(what + ": something is left", e);
            }
            say("refused " + what + ": " + e.getMessage());
            return;
        }
        throw new IllegalStateException(what + ": not refused");
    }

    private int directories() throws IOException {
        try (var names = Files.list(snapshots)) {
            return (int) names.count();
        }
    }

    private void byEntries(int scale) throws Exception {
        LayerQuota quota = new LayerQuota(200_000L * scale, 10, 1L << 40, 200, 1L << 40);
        refused(
                "empty entries without end",
                "more than " + quota.maxEntries() + " entries",
                () -> LayerApply.run(
                        stream(Long.MAX_VALUE - 1, i -> new Tar().add(file("f" + i, ""))), new DiscardSink(), quota));
        refused(
                "extended headers without end",
                "entries",
                () -> LayerApply.run(
                        stream(Long.MAX_VALUE - 1, _ -> new Tar().add(extended('g', new byte[0]))),
                        new DiscardSink(),
                        quota));
        refused(
                "more directories than the quota has",
                "more than 100 directories",
                () -> layers.apply(stream(1000, i -> new Tar().add(dir("d" + i + "/"))), TIGHT));
        refused(
                "more implied directories than the quota has",
                "more than 100 directories",
                () -> layers.apply(stream(1000, i -> new Tar().add(file("d" + i + "/f", ""))), TIGHT));
    }

    private void byNames(int scale) throws Exception {
        long names = (long) NAMES * scale;
        var _ = layers.apply(stream(names, i -> new Tar().add(file("f" + i, ""))), QUOTA);
        var _ = layers.apply(new Tar().add(whiteout(".wh..wh..opq")).end());
        if (!layers.tree().isEmpty()) {
            throw new IllegalStateException("an opaque top shows something");
        }
        layers.drop();
        layers.drop();
        say("applied, hid and removed " + names + " names of one directory");
    }

    /// Stripped, copied and merged by the native snapshotter.
    private void byNamesOfPlainTrees(int scale) throws Exception {
        long names = (long) LONG_NAMES * scale;
        Path root = Files.createDirectory(snapshots.resolve("../../../plain"));
        byte[] small = new Tar().add(file("wide/small", "")).end();
        try (Layers plain = new Layers(root, CopyingDriver.open(root, new AtomicLong()::incrementAndGet), "")) {
            var _ = plain.apply(longNames(names), QUOTA);
            say("applied " + names + " long names as a plain tree");
            var _ = plain.apply(small);
            requireNames(plain.top(), names + 2);
            say("copied them");
            plain.drop();
            plain.drop();
            var _ = plain.apply(small).apply(longNames(names), QUOTA);
            requireNames(plain.top(), names + 2);
            say("merged them into a plain tree");
        }
        say("removed them");
    }

    private static ByteSource longNames(long count) {
        String rest = "n".repeat(240);
        return stream(
                count + 1,
                i -> new Tar()
                        .add(
                                i == 0
                                        ? file("wide/f", "")
                                        : hardLink("h", "wide/f").pax("path", "wide/" + i + rest)));
    }

    private static void requireNames(Path tree, long count) throws IOException {
        long[] names = {0};
        try (Dir wide = Dir.openRoot(tree.resolve("wide"))) {
            wide.forEach(_ -> names[0]++);
        }
        if (names[0] != count) {
            throw new IllegalStateException(names[0] + " names instead of " + count);
        }
    }

    private void byMemory() throws Exception {
        String name = "n".repeat(200);
        refused("directories with long paths", "MiB of memory", () -> layers.apply(longPaths(name, true), QUOTA));
        refused(
                "implied directories with long paths",
                "MiB of memory",
                () -> layers.apply(longPaths(name, false), QUOTA));
        refused("deep implied directories", "MiB of memory", () -> {
            String deep = "/x".repeat(1900) + "/f";
            var _ = layers.apply(stream(10_000, i -> new Tar().add(file("f", "").pax("path", "d" + i + deep))), QUOTA);
        });
        String xattr = "v".repeat(1 << 19);
        refused(
                "links to later entries that carry attributes",
                "MiB of memory",
                () -> layers.apply(
                        stream(
                                1000,
                                i -> new Tar().add(hardLink("h" + i, "later").xattr("user.a", xattr))),
                        QUOTA));
        refused(
                "links to nothing without end",
                "more than",
                () -> layers.apply(stream(1_000_000, i -> new Tar().add(hardLink("h" + i, "later"))), QUOTA));
        refused(
                "directories replaced without end",
                "more than 1024",
                () -> layers.apply(
                        stream(10_000, i -> new Tar().add(i % 2 == 0 ? dir("d/") : symlink("d", "t"))), QUOTA));
        byte[] records = "5 a=\n".repeat(1 << 17).getBytes(ISO_8859_1);
        var _ = layers.apply(stream(100, i -> new Tar().add(extended('x', records), file("f" + i, ""))), QUOTA);
        layers.drop();
        say("applied extended headers of " + records.length + " bytes in records of 5");
    }

    private static ByteSource longPaths(String name, boolean explicit) {
        return stream(1_000_000, i -> {
            String path = name + "/";
            for (int depth = 0; depth < 15; depth++) {
                path += name + "/";
            }
            return new Tar()
                    .add(
                            explicit
                                    ? dir("d/").pax("path", path + i + "/")
                                    : file("f", "").pax("path", path + i + "/f"));
        });
    }

    /// More layers than there is memory for the notes of, each just within what one may take, and the lowest of them
    /// the last whose bytes come.
    private void byMemoryOfManyAtOnce() throws Exception {
        List<BytesArrival> arrivals = new ArrayList<>();
        List<UnpackLayer> wanted = new ArrayList<>();
        for (int i = 0; i < LAYERS_AT_ONCE; i++) {
            byte[] tar = impliedDirectories("layer" + i);
            byte[] blob = Blobs.gzip(tar);
            BytesArrival arrival = i == 0 ? BytesArrival.pending(blob) : BytesArrival.whole(blob);
            arrivals.add(arrival);
            wanted.add(new UnpackLayer(arrival.descriptor(Blobs.GZIP), BytesArrival.digestOf(tar), arrival));
        }
        BytesArrival lowest = arrivals.getFirst();
        try (Fixture fixture = new Fixture(Files.createDirectory(snapshots.resolve("../many")))) {
            Unpacking unpacking = fixture.service
                    .images()
                    .unpack(new UnpackRequest("default", "overlayfs", wanted, Optional.empty()), UnpackListener.NONE);
            Awaitility.await("the others have taken what is shared")
                    .atMost(Duration.ofMinutes(2))
                    .until(() -> waitingLayers() >= LAYERS_AT_ONCE - 3);
            lowest.land(Long.MAX_VALUE);
            lowest.decide(new Verdict.Verified(lowest.size().orElseThrow()));
            String _ = unpacking.await();
        }
        say("applied " + LAYERS_AT_ONCE + " layers at once that need nearly all the memory that one may have");
    }

    private static byte[] impliedDirectories(String prefix) {
        String name = prefix + "n".repeat(240 - prefix.length());
        Tar tar = new Tar();
        for (int i = 0; i < 2000; i++) {
            String path = name + "/" + i;
            for (int depth = 0; depth < 14; depth++) {
                path = name + "/" + path;
            }
            tar.add(file("f", "").pax("path", path + "/f"));
        }
        return tar.end();
    }

    /// Threads of layers that wait for something other than bytes or a permit.
    private static long waitingLayers() {
        return Thread.getAllStackTraces().values().stream()
                .filter(frames -> Arrays.stream(frames)
                        .anyMatch(frame -> frame.getClassName().startsWith(NoteMemory.class.getName())))
                .count();
    }

    private void byBytes() throws Exception {
        refused(
                "files of more bytes than the quota has",
                "entry f8",
                () -> layers.apply(
                        stream(100, i -> new Tar().add(Tar.item('0', "f" + i).data(new byte[1 << 20]))), TIGHT));
        byte[] zeros = new byte[9 << 20];
        refused(
                "zeros behind the archive",
                "uncompressed bytes",
                () -> layers.apply(
                        Blobs.GZIP,
                        Blobs.gzip(joined(new Tar().add(file("f", "")).end(), zeros)),
                        new LayerQuota(1000, 100, 8 << 20, 1 << 30, 1 << 20)));
    }

    private void byCompression() throws Exception {
        byte[] bomb = new Tar().add(Tar.item('0', "f").data(new byte[6 << 20])).end();
        LayerQuota ratio = new LayerQuota(1000, 100, 1L << 40, 100, 1 << 20);
        refused("gzip of 1000 to 1", ":1 (", () -> layers.apply(Blobs.GZIP, Blobs.gzip(bomb), ratio));
        refused("zstd of 10000 to 1", ":1 (", () -> layers.apply(Blobs.ZSTD, Blobs.zstd(bomb), ratio));
        byte[] small = new Tar().add(file("f", "x")).end();
        byte[] twice = Blobs.gzip(Blobs.gzip(small));
        refused("gzip in gzip", "the first entry", () -> layers.apply(Blobs.GZIP, twice, QUOTA));
        refused(
                "gzip in zstd",
                "the first entry",
                () -> layers.apply(Blobs.ZSTD, Zstd.compress(Blobs.gzip(small)), QUOTA));
        refused("zstd that asks for 2 GiB", "zstd stream", () -> layers.apply(Blobs.ZSTD, wideWindow(), QUOTA));
        byte[] xz = {(byte) 0xFD, '7', 'z', 'X', 'Z', 0, 0, 4};
        refused("xz", "header ends early", () -> layers.apply(Blobs.GZIP, xz, QUOTA));
        ByteArrayOutputStream members = new ByteArrayOutputStream();
        ByteArrayOutputStream frames = new ByteArrayOutputStream();
        byte[] emptyMember = Blobs.gzip(new byte[0]);
        byte[] emptyFrame = Zstd.compress(new byte[0]);
        byte[] skippable = {0x50, 0x2A, 0x4D, 0x18, 0, 0, 0, 0};
        for (int i = 0; i < 50_000; i++) {
            members.writeBytes(emptyMember);
            frames.writeBytes(i % 2 == 0 ? emptyFrame : skippable);
        }
        members.writeBytes(Blobs.gzip(small));
        frames.writeBytes(Zstd.compress(small));
        byte[] _ = layers.apply(Blobs.GZIP, members.toByteArray(), QUOTA);
        byte[] _ = layers.apply(Blobs.ZSTD, frames.toByteArray(), QUOTA);
        layers.drop();
        layers.drop();
        say("applied 50000 empty members and frames before a layer");
        ByteArrayOutputStream named = new ByteArrayOutputStream();
        named.writeBytes(new byte[] {0x1F, (byte) 0x8B, 8, 8, 0, 0, 0, 0, 0, 3});
        byte[] endless = joined(named.toByteArray(), "n".repeat(4 << 20).getBytes(ISO_8859_1));
        refused("gzip header with a name without end", "ends early", () -> layers.apply(Blobs.GZIP, endless, QUOTA));
    }

    /// A frame header that asks for a window of 2 GiB (RFC 8878, 3.1.1.1.2: exponent 21).
    private static byte[] wideWindow() {
        return new byte[] {0x28, (byte) 0xB5, 0x2F, (byte) 0xFD, 0, (byte) (21 << 3), 1, 0, 0};
    }

    private static byte[] joined(byte[] first, byte[] second) {
        ByteArrayOutputStream joined = new ByteArrayOutputStream(first.length + second.length);
        joined.writeBytes(first);
        joined.writeBytes(second);
        return joined.toByteArray();
    }
}
