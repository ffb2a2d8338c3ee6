package io.slipway.snapshotter.overlay;

import static io.slipway.snapshotter.testing.Tar.dir;
import static io.slipway.snapshotter.testing.Tar.file;
import static io.slipway.snapshotter.testing.Tar.hardLink;
import static io.slipway.snapshotter.testing.Tar.symlink;

import io.slipway.cas.ApiException;
import io.slipway.linux.GzipFormatException;
import io.slipway.linux.InflaterProvider;
import io.slipway.linux.Inflaters;
import io.slipway.snapshotter.LayerQuota;
import io.slipway.snapshotter.layer.Buffers;
import io.slipway.snapshotter.layer.Decompressor;
import io.slipway.snapshotter.layer.Decompressors;
import io.slipway.snapshotter.layer.LayerFormatException;
import io.slipway.snapshotter.layer.StreamProcessors;
import io.slipway.snapshotter.layer.WorkGate;
import io.slipway.snapshotter.tar.TarFormatException;
import io.slipway.snapshotter.testing.BlobMutator;
import io.slipway.snapshotter.testing.Blobs;
import io.slipway.snapshotter.testing.BytesArrival;
import io.slipway.snapshotter.testing.Layers;
import io.slipway.snapshotter.testing.Tar;
import io.slipway.snapshotter.testing.TarMutator;
import io.slipway.snapshotter.testing.Trees;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;

/// Applies damaged layers to a small stack until the time is up: `LayerFuzz ROOT SEED SECONDS CORPUS FINDINGS`. A
/// process of its own with the daemon's heap, so that memory, descriptors and native code are part of the test. The
/// first finding ends it; the input is left in FINDINGS and belongs into CORPUS once it is mended.
final class LayerFuzz {
    private static final String REFUSED = "refused";
    private static final LayerQuota QUOTA = new LayerQuota(2000, 500, 64 << 20, 200, 8 << 20);
    private static final Pattern CONTROL = Pattern.compile("\\p{Cntrl}");
    private static final Pattern TIME = Pattern.compile(" (\\d{10,})\\.\\d+");
    private static final Pattern STAGED = Pattern.compile("new-[0-9a-f]+");

    /// Descriptors that the virtual machine may open late (a library, a class file).
    private static final int DESCRIPTORS_SLACK = 4;

    private static final int WARM_UP = 200;
    private static final int REASONS_SHOWN = 20;

    /// How often a layer was refused for what: shows how deep the inputs get.
    private final Map<String, Integer> reasons = new HashMap<>();

    private final Layers layers;
    private final Path root;
    private final Path snapshots;
    private final Path canary;
    private final Map<String, String> canaryBefore;
    private final Path findings;
    private final List<byte[]> corpus = new ArrayList<>();
    private final long startSeconds = System.currentTimeMillis() / 1000;
    private final Decompressors[] engines = {engine(Inflaters.best()), engine(Inflaters.jdk())};

    private LayerFuzz(Path root, Path corpusDirectory, Path findings) throws IOException, InterruptedException {
        this.findings = findings;
        canary = root.resolve("canary");
        Files.createDirectories(canary.resolve("tmp"));
        Files.writeString(canary.resolve("victim"), "safe");
        canaryBefore = Trees.of(canary);
        this.root = Files.createDirectories(root.resolve("store"));
        layers = new Layers(this.root);
        snapshots = this.root.resolve("snapshotters/overlayfs/snapshots");
        try (Stream<Path> files = Files.list(corpusDirectory)) {
            for (Path file : files.filter(file -> file.toString().endsWith(".layer"))
                    .sorted()
                    .toList()) {
                corpus.add(Files.readAllBytes(file));
            }
        }
        var _ = layers.apply(new Tar()
                .add(dir("a/").mode(02775), file("a/old", "old"), dir("lower/"), file("lower/file", "data"))
                .add(hardLink("lower/two", "lower/file"), symlink("lower/link", canary.toString()), file("d", "file"))
                .end());
    }

    private static Decompressors engine(InflaterProvider inflaters) {
        return new Decompressors(inflaters, new Buffers(), new WorkGate(1), StreamProcessors.NONE);
    }

    public static void main(String[] args) throws Exception {
        long seed = Long.parseLong(args[1]);
        LayerFuzz fuzz = new LayerFuzz(Path.of(args[0]), Path.of(args[3]), Path.of(args[4]));
        long end = System.nanoTime() + Long.parseLong(args[2]) * 1_000_000_000L;
        System.out.println("seed " + seed);
        for (byte[] blob : fuzz.corpus) {
            fuzz.check("corpus", blob);
        }
        long applied = 0;
        long rounds = 0;
        long descriptors = 0;
        do {
            applied += fuzz.round(seed + rounds) ? 1 : 0;
            if (++rounds == WARM_UP) {
                descriptors = descriptors();
            }
        } while (System.nanoTime() < end || rounds < WARM_UP);
        if (descriptors() > descriptors + DESCRIPTORS_SLACK) {
            throw new IllegalStateException(descriptors + " descriptors became " + descriptors());
        }
        fuzz.layers.close();
        fuzz.reasons.entrySet().stream()
                .sorted(Map.Entry.<String, Integer>comparingByValue().reversed())
                .limit(REASONS_SHOWN)
                .forEach(reason -> System.out.println(reason.getValue() + " x " + reason.getKey()));
        System.out.println(rounds + " layers, " + applied + " applied, " + (rounds - applied) + " refused");
    }

    private static long descriptors() throws IOException {
        try (Stream<Path> open = Files.list(Path.of("/proc/self/fd"))) {
            return open.count();
        }
    }

    private boolean round(long seed) throws Exception {
        Random random = new Random(seed);
        TarMutator tars = new TarMutator(random);
        BlobMutator blobs = new BlobMutator(random);
        byte[] blob;
        if (random.nextInt(8) == 0 && !corpus.isEmpty()) {
            byte[] known = corpus.get(random.nextInt(corpus.size()));
            blob = random.nextBoolean() ? blobs.mutate(known) : blobs.compress(tars.mutate(known));
        } else {
            byte[] tar = tars.archive();
            blob = blobs.mutate(blobs.compress(random.nextInt(3) == 0 ? tar : tars.mutate(tar)));
        }
        String outcome = check("seed " + seed, blob);
        if (random.nextInt(8) == 0) {
            String again = check("seed " + seed, blob);
            require(outcome.equals(again), "seed " + seed, blob, "first " + outcome + "\nthen " + again, null);
            enginesAgree(seed, blob);
        }
        return outcome.startsWith("applied");
    }

    /// Applies it, looks at what is left, and takes it away again.
    private String check(String what, byte[] blob) throws IOException, InterruptedException {
        String outcome;
        try {
            byte[] diffId = layers.apply(Blobs.DOCKER, blob, QUOTA);
            Map<String, String> tree = Trees.of(layers.top());
            outcome = "applied " + HexFormat.of().formatHex(diffId) + timeless(tree.toString());
            layers.drop();
        } catch (TarFormatException | LayerFormatException | GzipFormatException e) {
            outcome = "refused " + message(what, blob, e);
        } catch (ApiException e) {
            require(e.code() == ApiException.Code.RESOURCE_EXHAUSTED, what, blob, "undeclared failure", e);
            outcome = "refused " + message(what, blob, e);
        } catch (IOException | RuntimeException | Error e) {
            throw finding(what, blob, "undeclared failure", e);
        }
        try (Stream<Path> left = Files.list(snapshots)) {
            List<String> names = left.map(path -> path.getFileName().toString()).toList();
            require(names.equals(List.of("1")), what, blob, "left " + names + " after " + outcome, null);
        }
        require(canaryBefore.equals(Trees.of(canary)), what, blob, "something outside was changed", null);
        return outcome;
    }

    private String message(String what, byte[] blob, Exception e) throws IOException {
        String message = String.valueOf(e.getMessage());
        require(e.getMessage() != null && !message.isBlank(), what, blob, "no message", e);
        require(!CONTROL.matcher(message).find(), what, blob, "control characters in a message", e);
        String reason =
                message.replaceFirst(".*(?:entry|at byte) [^:]*:? ?", "").replaceAll("[0-9]+", "N");
        reasons.merge(reason.substring(0, Math.min(50, reason.length())), 1, Integer::sum);
        return e.getClass().getSimpleName() + " " + STAGED.matcher(message).replaceAll("new");
    }

    private String timeless(String tree) {
        return TIME.matcher(tree).replaceAll(m -> Long.parseLong(m.group(1)) >= startSeconds ? " now" : m.group());
    }

    /// What both take must be the same bytes. One may refuse more: ISA-L takes incomplete sets of codes, zlib does not.
    private void enginesAgree(long seed, byte[] blob) throws IOException, InterruptedException {
        String first = inflated(engines[0], blob);
        String second = inflated(engines[1], blob);
        boolean refused = first.equals(REFUSED) || second.equals(REFUSED);
        require(refused || first.equals(second), "seed " + seed, blob, "engines: " + first + " and " + second, null);
    }

    private static String inflated(Decompressors engine, byte[] blob) throws IOException, InterruptedException {
        CRC32 crc = new CRC32();
        try (BytesArrival arrival = BytesArrival.whole(blob);
                Decompressor bytes = engine.open(arrival.descriptor(Blobs.DOCKER), arrival, Map.of())) {
            for (ByteBuffer run = bytes.next(); run != null; run = bytes.next()) {
                crc.update(run);
            }
            return Long.toHexString(crc.getValue());
        } catch (LayerFormatException | GzipFormatException _) {
            return REFUSED;
        }
    }

    private void require(boolean holds, String what, byte[] blob, String otherwise, @Nullable Throwable cause)
            throws IOException {
        if (!holds) {
            throw finding(what, blob, otherwise, cause);
        }
    }

    private IllegalStateException finding(String what, byte[] blob, String said, @Nullable Throwable cause)
            throws IOException {
        Path file = Files.createDirectories(findings).resolve(what.replace(' ', '-') + ".layer");
        Files.write(file, blob);
        return new IllegalStateException(what + ": " + said + "; input in " + file, cause);
    }
}
