package io.slipway.snapshotter.diff;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import io.slipway.api.services.diff.v1.ApplyRequest;
import io.slipway.api.services.diff.v1.ApplyResponse;
import io.slipway.api.services.diff.v1.DiffGrpcClient;
import io.slipway.api.services.diff.v1.DiffResponse;
import io.slipway.api.types.Descriptor;
import io.slipway.cas.ArrivalRequest;
import io.slipway.cas.Blob;
import io.slipway.cas.Digest;
import io.slipway.cas.Provenance;
import io.slipway.linux.ChildLimits;
import io.slipway.linux.DeviceNumber;
import io.slipway.linux.Dir;
import io.slipway.linux.FileType;
import io.slipway.linux.Mount;
import io.slipway.linux.Mounts;
import io.slipway.linux.Os;
import io.slipway.linux.Poller;
import io.slipway.linux.Spawner;
import io.slipway.linux.Timestamp;
import io.slipway.snapshotter.LayerQuota;
import io.slipway.snapshotter.layer.StreamProcessor;
import io.slipway.snapshotter.layer.StreamProcessors;
import io.slipway.snapshotter.tar.EntryType;
import io.slipway.snapshotter.tar.TarEntry;
import io.slipway.snapshotter.tar.TarLimits;
import io.slipway.snapshotter.tar.TarReader;
import io.slipway.snapshotter.testing.Blobs;
import io.slipway.snapshotter.testing.BytesArrival;
import io.slipway.snapshotter.testing.Fixture;
import io.slipway.snapshotter.testing.GrpcPeer;
import io.slipway.snapshotter.testing.GrpcPeer.Answer;
import io.slipway.snapshotter.testing.Tar;
import io.slipway.snapshotter.testing.Trees;
import io.vertx.grpc.common.GrpcStatus;
import io.vertx.grpc.common.ServiceMethod;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The service over gRPC, as a client of containerd's API sees it.
@Tag("root")
class DiffServiceTest {
    private static final String ENCRYPTED = Blobs.GZIP + "+encrypted";

    private static final String NS = "default";
    private static final String OVERLAY = "overlayfs";

    @TempDir
    Path root;

    private final ExecutorService bytes = Executors.newFixedThreadPool(2);
    private Fixture fixture;
    private Poller poller;
    private DiffService diffs;
    private GrpcPeer peer;

    @BeforeEach
    void listen() throws Exception {
        fixture = new Fixture(root);
        poller = Poller.start("test");
        diffs = DiffService.open(root, fixture.cas, LayerQuota.DEFAULT, processors(), fixture.service.notes(), bytes);
        peer = new GrpcPeer(diffs::bind);
    }

    /// One decoder, which flips bit 7 of each byte when its payload says so.
    private StreamProcessors processors() {
        String script = "case \"$(tr -dc a-z <&3)\" in *open*)"
                + " exec tr '\\000-\\177\\200-\\377' '\\200-\\377\\000-\\177';; esac; echo locked >&2; exit 3";
        StreamProcessor decoder = new StreamProcessor(
                "flip",
                List.of(ENCRYPTED),
                Blobs.GZIP,
                Path.of("/bin/sh"),
                List.of("-c", script),
                Map.of("LC_ALL", "C"));
        Spawner spawner = new Spawner(poller, new ChildLimits(OptionalLong.empty(), OptionalInt.empty()));
        return StreamProcessors.of(List.of(decoder), spawner, Map.of("PATH", "/usr/bin:/bin"), Duration.ofSeconds(50));
    }

    @AfterEach
    void close() throws Exception {
        peer.close();
        diffs.close();
        poller.close();
        fixture.close();
        bytes.shutdown();
        Path mounts = root.resolve("snapshotters/mounts");
        assertThat(Mounts.system().mountPointsUnder(mounts)).isEmpty();
        assertThat(mounts).isEmptyDirectory();
    }

    private <I, O> Answer<O> call(ServiceMethod<O, I> method, I message) throws Exception {
        return peer.call(method, message, Map.of("containerd-namespace", NS));
    }

    private static List<io.slipway.api.types.Mount> wire(List<Mount> mounts) {
        return mounts.stream()
                .map(m -> io.slipway.api.types.Mount.newBuilder()
                        .setType(m.type())
                        .setSource(m.source())
                        .setTarget(m.target())
                        .addAllOptions(m.options())
                        .build())
                .toList();
    }

    private static List<Mount> bind(Path directory, String access) {
        return List.of(new Mount("bind", directory.toString(), "", List.of(access, "rbind")));
    }

    private Answer<DiffResponse> diff(List<Mount> left, List<Mount> right, String type) throws Exception {
        return call(
                DiffGrpcClient.Diff,
                io.slipway.api.services.diff.v1.DiffRequest.newBuilder()
                        .addAllLeft(wire(left))
                        .addAllRight(wire(right))
                        .setMediaType(type)
                        .putLabels("mine", "yes")
                        .build());
    }

    private Answer<ApplyResponse> apply(Descriptor layer, List<Mount> mounts) throws Exception {
        return call(
                DiffGrpcClient.Apply,
                ApplyRequest.newBuilder()
                        .setDiff(layer)
                        .addAllMounts(wire(mounts))
                        .build());
    }

    private byte[] content(String digest) throws IOException {
        try (Blob blob = fixture.cas.blobs().open(Digest.parse(digest)).orElseThrow()) {
            ByteBuffer all = ByteBuffer.allocate((int) blob.size());
            while (all.hasRemaining() && blob.read(all.position(), all) > 0) {}
            return all.array();
        }
    }

    private Map<String, String> labels(String digest) throws IOException {
        return fixture.cas
                .contents()
                .info(NS, Digest.parse(digest))
                .orElseThrow()
                .labels();
    }

    private static List<TarEntry> entries(byte[] tar) throws Exception {
        Iterator<byte[]> once = List.of(tar).iterator();
        TarReader reader = new TarReader(
                () -> once.hasNext() ? ByteBuffer.wrap(once.next()) : null, new TarLimits(100_000, 1L << 40));
        List<TarEntry> entries = new ArrayList<>();
        for (TarEntry entry = reader.next(); entry != null; entry = reader.next()) {
            entries.add(entry);
        }
        return entries;
    }

    private static List<String> names(List<TarEntry> entries) {
        return entries.stream().map(e -> new String(e.name(), ISO_8859_1)).toList();
    }

    private List<TarEntry> plain(List<Mount> left, List<Mount> right) throws Exception {
        return entries(content(diff(left, right, Blobs.PLAIN).only().getDiff().getDigest()));
    }

    private Descriptor stored(String mediaType, byte[] blob) throws Exception {
        Digest digest = BytesArrival.digestOf(blob);
        var request = new ArrivalRequest(digest, OptionalLong.of(blob.length), Provenance.UNKNOWN, "layer of the test");
        try (var arrival = fixture.cas.blobs().arriveWith(request, ByteBuffer.wrap(blob))) {
            arrival.awaitVerified();
            fixture.cas.contents().link(NS, digest, Map.of(), Optional.empty());
        }
        return Descriptor.newBuilder()
                .setMediaType(mediaType)
                .setDigest(digest.toString())
                .setSize(blob.length)
                .build();
    }

    private Path made(String name, String... files) throws IOException {
        Path dir = Files.createDirectories(root.resolve("trees").resolve(name));
        for (String file : files) {
            Files.createDirectories(dir.resolve(file).getParent());
            Files.writeString(dir.resolve(file), file);
        }
        return dir;
    }

    @Test
    void gzipIsTheDefaultAndTheDiffIdIsALabel() throws Exception {
        Path tree = made("t", "etc/passwd", "bin/sh");
        Descriptor layer = diff(List.of(), bind(tree, "ro"), "").only().getDiff();
        assertThat(layer.getMediaType()).isEqualTo(Blobs.GZIP);
        byte[] blob = content(layer.getDigest());
        assertThat(layer.getSize()).isEqualTo(blob.length);
        byte[] tar = new GZIPInputStream(new ByteArrayInputStream(blob)).readAllBytes();
        assertThat(names(entries(tar))).containsExactly("bin/", "bin/sh", "etc/", "etc/passwd");
        assertThat(labels(layer.getDigest()))
                .containsEntry("mine", "yes")
                .containsEntry(
                        "containerd.io/uncompressed", BytesArrival.digestOf(tar).toString());
    }

    @Test
    void anEmptyDiffIsAnEmptyArchive() throws Exception {
        Path tree = made("t", "a");
        for (String type : List.of(Blobs.PLAIN, Blobs.GZIP, Blobs.ZSTD)) {
            Descriptor layer =
                    diff(bind(tree, "ro"), bind(tree, "ro"), type).only().getDiff();
            assertThat(labels(layer.getDigest()))
                    .containsEntry(
                            "containerd.io/uncompressed",
                            BytesArrival.digestOf(new byte[1024]).toString());
            ApplyResponse applied = apply(layer, bind(tree, "rw")).only();
            assertThat(applied.getApplied().getSize()).isEqualTo(1024);
        }
    }

    @Test
    void otherTypesAreNotImplemented() throws Exception {
        diff(List.of(), List.of(), "application/x-lzma").refused(GrpcStatus.UNIMPLEMENTED, "application/x-lzma");
        Descriptor layer = stored("application/vnd.oci.image.layer.v1.tar+brotli", new byte[10]);
        apply(layer, bind(made("t"), "rw")).refused(GrpcStatus.UNIMPLEMENTED, "tar+brotli");
    }

    @Test
    void deletionsReplacementsAndOpaqueDirectoriesOfAnOverlay() throws Exception {
        var snapshots = fixture.snapshots();
        List<Mount> base = snapshots.prepare(NS, OVERLAY, "a", "", Map.of(), Optional.empty());
        fixture.mounted(base, at -> {
            Files.createDirectories(at.resolve("again/sub"));
            Files.writeString(at.resolve("again/old"), "old");
            Files.createDirectories(at.resolve("gone/sub"));
            Files.createDirectories(at.resolve("untouched/sub"));
            Files.writeString(at.resolve("turns"), "file");
            return at;
        });
        snapshots.commit(NS, OVERLAY, "A", "a", Map.of(), "", Optional.empty());
        List<Mount> right = snapshots.prepare(NS, OVERLAY, "b", "A", Map.of(), Optional.empty());
        List<Mount> left = snapshots.view(NS, OVERLAY, "v", "A", Map.of(), Optional.empty());
        fixture.mounted(right, at -> {
            try (Dir top = Dir.openRoot(at)) {
                top.removeTree("again".getBytes(ISO_8859_1));
                top.removeTree("gone".getBytes(ISO_8859_1));
            }
            Files.createDirectories(at.resolve("again"));
            Files.writeString(at.resolve("again/new"), "new");
            Files.delete(at.resolve("turns"));
            Files.createDirectories(at.resolve("turns/into"));
            return at;
        });
        assertThat(names(plain(left, right)))
                .containsExactly("again/", "again/.wh..wh..opq", "again/new", ".wh.gone", "turns/", "turns/into/");
    }

    /// Labels by which the files of a snapshot are shown as owned by 100000 and those after it.
    private static final Map<String, String> MAPPED = Map.of(
            "containerd.io/snapshot/uidmapping", "0:100000:100", "containerd.io/snapshot/gidmapping", "0:100000:100");

    @Test
    void changesOfAContainerWithMappedIdsBelongToWhomItSees() throws Exception {
        var snapshots = fixture.snapshots();
        List<Mount> base = snapshots.prepare(NS, OVERLAY, "a", "", Map.of(), Optional.empty());
        fixture.mounted(base, at -> {
            Files.createDirectories(at.resolve("d"));
            Os.chown(Files.writeString(at.resolve("d/f"), "one"), 7, 8);
            return Files.writeString(at.resolve("same"), "same");
        });
        snapshots.commit(NS, OVERLAY, "A", "a", Map.of(), "", Optional.empty());
        List<Mount> right = snapshots.prepare(NS, OVERLAY, "b", "A", MAPPED, Optional.empty());
        List<Mount> left = snapshots.view(NS, OVERLAY, "v", "A", Map.of(), Optional.empty());
        fixture.mounted(right, at -> {
            Files.writeString(at.resolve("d/f"), "two");
            Os.chown(Files.writeString(at.resolve("new"), "new"), 100_003, 100_000);
            return at;
        });
        assertThat(plain(left, right))
                .extracting(e -> new String(e.name(), ISO_8859_1) + " " + e.uid() + ":" + e.gid())
                .containsExactly("d/ 0:0", "d/f 7:8", "new 3:0");
    }

    @Test
    void aLayerIsNotAppliedWhereOwnersAreShownAsOthers() throws Exception {
        var snapshots = fixture.snapshots();
        var _ = snapshots.prepare(NS, OVERLAY, "a", "", Map.of(), Optional.empty());
        snapshots.commit(NS, OVERLAY, "A", "a", Map.of(), "", Optional.empty());
        List<Mount> mounts = snapshots.prepare(NS, OVERLAY, "b", "A", MAPPED, Optional.empty());
        Descriptor layer = stored(Blobs.PLAIN, new Tar().add(Tar.file("f", "")).end());
        apply(layer, mounts).refused(GrpcStatus.INVALID_ARGUMENT, "other owners");
    }

    @Test
    void aChangeWhoseTimeWasSetBackIsSeenThroughTheUpperDirectory() throws Exception {
        var snapshots = fixture.snapshots();
        List<Mount> base = snapshots.prepare(NS, OVERLAY, "a", "", Map.of(), Optional.empty());
        fixture.mounted(base, at -> Files.writeString(at.resolve("f"), "one"));
        snapshots.commit(NS, OVERLAY, "A", "a", Map.of(), "", Optional.empty());
        List<Mount> right = snapshots.prepare(NS, OVERLAY, "b", "A", Map.of(), Optional.empty());
        List<Mount> left = snapshots.view(NS, OVERLAY, "v", "A", Map.of(), Optional.empty());
        fixture.mounted(right, at -> {
            try (Dir top = Dir.openRoot(at)) {
                byte[] name = "f".getBytes(ISO_8859_1);
                Timestamp before = top.stat(name).modified();
                Files.writeString(at.resolve("f"), "two");
                top.utimens(name, before, before);
            }
            return at;
        });
        assertThat(names(plain(left, right))).containsExactly("f");
    }

    @Test
    void whatALayerCannotHoldIsLeftOut() throws Exception {
        Path left = made("left", "was");
        Path right = made("right");
        try (Dir dir = Dir.openRoot(right)) {
            dir.mknod("was".getBytes(ISO_8859_1), FileType.SOCKET, 0600, DeviceNumber.ZERO);
            dir.mknod("zero".getBytes(ISO_8859_1), FileType.CHARACTER_DEVICE, 0600, DeviceNumber.ZERO);
            dir.createFile(".wh.x".getBytes(ISO_8859_1), 0600).close();
            dir.createFile("f".getBytes(ISO_8859_1), 0600).close();
            byte[] f = "f".getBytes(ISO_8859_1);
            dir.setXattr(f, "trusted.overlay.metacopy".getBytes(ISO_8859_1), new byte[0]);
            dir.setXattr(f, "user.kept".getBytes(ISO_8859_1), new byte[] {(byte) 0xFF, 0});
        }
        List<TarEntry> entries = plain(bind(left, "ro"), bind(right, "ro"));
        assertThat(names(entries)).containsExactly("f", ".wh.was");
        assertThat(entries.getFirst().xattrs()).singleElement().satisfies(xattr -> {
            assertThat(xattr.latin1Name()).isEqualTo("user.kept");
            assertThat(xattr.value()).containsExactly(0xFF, 0);
        });
    }

    @Test
    void aCapabilityOfAUserNamespaceBecomesAnOrdinaryOne() throws Exception {
        Path right = made("right", "f");
        byte[] name = "security.capability".getBytes(ISO_8859_1);
        try (Dir dir = Dir.openRoot(right)) {
            dir.setXattr(
                    "f".getBytes(ISO_8859_1),
                    name,
                    HexFormat.of().parseHex("010000038000000000000000000000000000000" + "0e8030000"));
        }
        TarEntry entry = plain(List.of(), bind(right, "ro")).getFirst();
        assertThat(HexFormat.of().formatHex(entry.xattrs().getFirst().value()))
                .isEqualTo("0100000280000000000000000000000000000000");
    }

    @Test
    void aDeletedNameTooLongForAWhiteoutMakesItsDirectoryOpaque() throws Exception {
        String longName = "l".repeat(255);
        Path left = made("left", "d/" + longName, "d/stays", longName);
        Path right = made("right", "d/stays");
        Descriptor layer =
                diff(bind(left, "ro"), bind(right, "ro"), Blobs.PLAIN).only().getDiff();
        assertThat(names(entries(content(layer.getDigest())))).containsExactly(".wh..wh..opq", "d/", "d/stays");
        apply(layer, bind(left, "rw")).only();
        assertThat(Trees.of(left)).isEqualTo(Trees.of(right));
    }

    @Test
    void timesAreHeldToTheSourceDateEpoch() throws Exception {
        Path tree = made("t", "new");
        try (Dir dir = Dir.openRoot(tree)) {
            dir.createFile("old".getBytes(ISO_8859_1), 0600).close();
            dir.utimens("old".getBytes(ISO_8859_1), new Timestamp(5, 6), new Timestamp(5, 6));
        }
        DiffResponse made = call(
                        DiffGrpcClient.Diff,
                        io.slipway.api.services.diff.v1.DiffRequest.newBuilder()
                                .addAllRight(wire(bind(tree, "ro")))
                                .setMediaType(Blobs.PLAIN)
                                .setSourceDateEpoch(com.google.protobuf.Timestamp.newBuilder()
                                        .setSeconds(1000))
                                .build())
                .only();
        assertThat(entries(content(made.getDiff().getDigest())))
                .extracting(TarEntry::modified)
                .containsExactly(new Timestamp(1000, 0), new Timestamp(5, 6));
    }

    @Test
    void hardLinksShareOneEntryAndUnchangedNamesFollow() throws Exception {
        Path left = made("left", "m/a", "m/b");
        Path right = made("right", "m/a");
        Files.createLink(right.resolve("m/z"), right.resolve("m/a"));
        Files.createLink(right.resolve("m/b"), right.resolve("m/a"));
        List<TarEntry> entries = plain(bind(left, "ro"), bind(right, "ro"));
        assertThat(entries.stream().filter(e -> e.type() == EntryType.HARD_LINK).count())
                .isEqualTo(2);
        assertThat(entries.stream().filter(e -> e.type() == EntryType.FILE).count())
                .isEqualTo(1);
    }

    @Test
    void applyTellsTheDiffIdAndRefusesAWrongOne() throws Exception {
        byte[] tar = new Tar().add(Tar.file("f", "content")).end();
        Descriptor layer = stored(Blobs.GZIP, Blobs.gzip(tar));
        Path target = made("target");
        Descriptor applied = apply(layer, bind(target, "rw")).only().getApplied();
        assertThat(applied.getMediaType()).isEqualTo(Blobs.PLAIN);
        assertThat(applied.getDigest()).isEqualTo(BytesArrival.digestOf(tar).toString());
        assertThat(applied.getSize()).isEqualTo(tar.length);
        assertThat(target.resolve("f")).hasContent("content");
        Path other = made("other");
        Descriptor wrong = layer.toBuilder()
                .putAnnotations(
                        "containerd.io/uncompressed",
                        BytesArrival.digestOf(new byte[1]).toString())
                .build();
        apply(wrong, bind(other, "rw")).refused(GrpcStatus.DATA_LOSS, "its descriptor says");
        assertThat(other).isEmptyDirectory();
    }

    @Test
    void applyHandsThePayloadToTheStreamProcessor() throws Exception {
        byte[] tar = new Tar().add(Tar.file("f", "content")).end();
        byte[] blob = Blobs.gzip(tar);
        for (int i = 0; i < blob.length; i++) {
            blob[i] ^= (byte) 0x80;
        }
        Descriptor layer = stored(ENCRYPTED, blob);
        Path target = made("target");
        apply(layer, bind(target, "rw"))
                .refused(
                        GrpcStatus.FAILED_PRECONDITION,
                        "layer " + layer.getDigest() + ": stream processor \"flip\" (/bin/sh) exited with 3: locked");
        assertThat(target).isEmptyDirectory();
        ApplyResponse applied = call(
                        DiffGrpcClient.Apply,
                        ApplyRequest.newBuilder()
                                .setDiff(layer)
                                .addAllMounts(wire(bind(target, "rw")))
                                .putPayloads(
                                        "flip",
                                        Any.newBuilder()
                                                .setTypeUrl("test/Key")
                                                .setValue(ByteString.copyFromUtf8("open"))
                                                .build())
                                .build())
                .only();
        assertThat(applied.getApplied().getDigest())
                .isEqualTo(BytesArrival.digestOf(tar).toString());
        assertThat(target.resolve("f")).hasContent("content");
        apply(layer.toBuilder().setMediaType("application/x-other").build(), bind(target, "rw"))
                .refused(GrpcStatus.UNIMPLEMENTED, "\"application/x-other\"");
    }

    @Test
    void applyRefusesWhatItCannotDo() throws Exception {
        byte[] tar = new Tar().add(Tar.file("f", "content")).end();
        Descriptor layer = stored(Blobs.GZIP, Blobs.gzip(tar));
        Path target = made("target");
        apply(layer.toBuilder().setDigest("sha256:1").build(), bind(target, "rw"))
                .refused(GrpcStatus.INVALID_ARGUMENT, "sha256:1");
        String absent = BytesArrival.digestOf(new byte[7]).toString();
        apply(layer.toBuilder().setDigest(absent).build(), bind(target, "rw"))
                .refused(GrpcStatus.NOT_FOUND, absent + ": not found");
        apply(layer, bind(target, "ro")).refused(GrpcStatus.INVALID_ARGUMENT, "reading only");
        byte[] cut = java.util.Arrays.copyOf(Blobs.gzip(tar), 40);
        apply(stored(Blobs.GZIP, cut), bind(target, "rw")).refused(GrpcStatus.DATA_LOSS, "ends early");
        assertThat(target).isEmptyDirectory();
    }

    @Test
    void applyOntoAFlatTreeRemovesReplacesAndFollowsLinksInside() throws Exception {
        Path target = made("target", "lib64/old", "opaque/below", "plain/kept", "file", "gone/x");
        Files.createSymbolicLink(target.resolve("lib"), Path.of("/lib64"));
        byte[] tar = new Tar()
                .add(Tar.file("lib/new", "through the link"))
                .add(Tar.whiteout(".wh.gone"))
                .add(Tar.dir("opaque/"), Tar.whiteout("opaque/.wh..wh..opq"), Tar.file("opaque/own", "own"))
                .add(Tar.dir("file/"))
                .add(Tar.hardLink("linked", "plain/kept"))
                .end();
        apply(stored(Blobs.PLAIN, tar), bind(target, "rw")).only();
        assertThat(target.resolve("lib")).isSymbolicLink();
        assertThat(target.resolve("lib64/new")).hasContent("through the link");
        assertThat(target.resolve("lib64/old")).exists();
        assertThat(target.resolve("gone")).doesNotExist();
        assertThat(target.resolve("opaque")).isDirectoryContaining("glob:**/own");
        assertThat(target.resolve("opaque/below")).doesNotExist();
        assertThat(target.resolve("file")).isDirectory();
        assertThat(target.resolve("linked")).hasContent("plain/kept");
        assertThat(Files.getAttribute(target.resolve("linked"), "unix:ino"))
                .isEqualTo(Files.getAttribute(target.resolve("plain/kept"), "unix:ino"));
    }

    @Test
    void applyOntoAnOverlayThatHasChangesAlready() throws Exception {
        var snapshots = fixture.snapshots();
        List<Mount> base = snapshots.prepare(NS, OVERLAY, "a", "", Map.of(), Optional.empty());
        fixture.mounted(base, at -> Files.writeString(at.resolve("lower"), "lower"));
        snapshots.commit(NS, OVERLAY, "A", "a", Map.of(), "", Optional.empty());
        List<Mount> onto = snapshots.prepare(NS, OVERLAY, "b", "A", Map.of(), Optional.empty());
        fixture.mounted(onto, at -> Files.writeString(at.resolve("own"), "own"));
        byte[] tar = new Tar()
                .add(Tar.whiteout(".wh.lower"), Tar.whiteout(".wh.own"), Tar.file("d/new", "new"))
                .end();
        apply(stored(Blobs.PLAIN, tar), onto).only();
        Map<String, String> tree = fixture.mounted(onto, Trees::of);
        assertThat(tree).containsOnlyKeys("d", "d/new");
    }

    @Test
    void aRefThatWasLeftIsStartedAgainAndOneInUseIsUnavailable() throws Exception {
        Path tree = made("t", "a");
        var request = io.slipway.api.services.diff.v1.DiffRequest.newBuilder()
                .addAllRight(wire(bind(tree, "ro")))
                .setRef("mine")
                .build();
        try (var ingest = fixture.cas.ingests().open(NS, "mine", Optional.empty())) {
            ingest.write(ByteBuffer.wrap(new byte[100]));
            call(DiffGrpcClient.Diff, request).refused(GrpcStatus.UNAVAILABLE, "mine");
        }
        Descriptor layer = call(DiffGrpcClient.Diff, request).only().getDiff();
        assertThat(content(layer.getDigest())).startsWith(0x1F, 0x8B);
        assertThat(fixture.cas.ingests().status(NS, "mine")).isEmpty();
    }

    @Test
    void whatCannotBeReadLeavesNoIngest() throws Exception {
        Path tree = made("t", "a");
        var request = io.slipway.api.services.diff.v1.DiffRequest.newBuilder()
                .addAllRight(wire(bind(tree.resolve("absent"), "ro")))
                .setRef("mine")
                .build();
        call(DiffGrpcClient.Diff, request).refused(GrpcStatus.UNKNOWN, "ENOENT");
        assertThat(fixture.cas.ingests().status(NS, "mine")).isEmpty();
    }
}
