package io.slipway.snapshotter.meta;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.slipway.cas.ApiException;
import io.slipway.cas.ApiException.Code;
import io.slipway.linux.Os;
import io.slipway.snapshotter.Capability;
import io.slipway.snapshotter.SnapshotInfo;
import io.slipway.snapshotter.SnapshotKind;
import io.slipway.snapshotter.Snapshots;
import io.slipway.snapshotter.testing.Fixture;
import java.io.IOException;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

/// What every snapshotter does, after the suite that containerd's pass. Real mounts.
abstract class SnapshotterContract {
    static final String NS = "default";
    static final Optional<String> NO_LEASE = Optional.empty();

    /// Users 0 to 9 and 1000 to 1001 of a container, and its groups 0 to 99.
    static final Map<String, String> IDS = ids("0:100000:10,1000:5000:2", "0:200000:100");

    static Map<String, String> ids(String users, String groups) {
        return Map.of("containerd.io/snapshot/uidmapping", users, "containerd.io/snapshot/gidmapping", groups);
    }

    abstract Fixture fixture();

    abstract String snapshotter();

    /// What this one does differently, declared by the subclass.
    Set<Capability> capabilities() {
        return Set.of();
    }

    /// What is asked: the store itself, unless the subclass puts something between.
    Snapshots asked() {
        return fixture().snapshots();
    }

    private Snapshots snapshots() {
        return asked();
    }

    private void write(List<io.slipway.linux.Mount> mounts, Fixture.Work<?> work) throws IOException {
        Object _ = fixture().mounted(mounts, work::in);
    }

    /// Prepares, works and commits.
    private void layer(String name, String parent, Fixture.Work<?> work) throws IOException {
        layer(name, parent, NO_LEASE, work);
    }

    private void layer(String name, String parent, Optional<String> lease, Fixture.Work<?> work) throws IOException {
        String key = name + "-active";
        write(snapshots().prepare(NS, snapshotter(), key, parent, Map.of(), lease), work);
        snapshots().commit(NS, snapshotter(), name, key, Map.of(), "", lease);
    }

    private void commit(String name, String key) throws IOException {
        snapshots().commit(NS, snapshotter(), name, key, Map.of(), "", NO_LEASE);
    }

    private SnapshotInfo stat(String key) throws IOException {
        return snapshots().stat(NS, snapshotter(), key);
    }

    private static void refused(Code code, String message, ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        ApiException.class, e -> assertThat(e.code()).isEqualTo(code))
                .hasMessageContaining(message);
    }

    private static Path touch(Path dir, String name, String content) throws IOException {
        return Files.writeString(dir.resolve(name), content);
    }

    @Test
    void basicStory() throws Exception {
        layer("one", "", dir -> touch(dir, "a", "1"));
        layer("two", "one", dir -> touch(dir, "b", "2"));
        assertThat(stat("two").parent()).isEqualTo("one");
        assertThat(stat("two").kind()).isEqualTo(SnapshotKind.COMMITTED);
        assertThat(stat("one").parent()).isEmpty();
        List<io.slipway.linux.Mount> view = snapshots().view(NS, snapshotter(), "v", "two", Map.of(), NO_LEASE);
        String seen =
                fixture().mounted(view, dir -> Files.readString(dir.resolve("a")) + Files.readString(dir.resolve("b")));
        assertThat(seen).isEqualTo("12");
        for (SnapshotInfo info : snapshots().list(NS, snapshotter(), List.of())) {
            assertThat(stat(info.name())).isEqualTo(info);
        }
        refused(Code.FAILED_PRECONDITION, "remove", () -> snapshots().remove(NS, snapshotter(), "one"));
        for (String key : List.of("v", "two", "one")) {
            snapshots().remove(NS, snapshotter(), key);
        }
        assertThat(snapshots().list(NS, snapshotter(), List.of())).isEmpty();
    }

    @Test
    void aFreshRootIs0755() throws Exception {
        List<io.slipway.linux.Mount> mounts = snapshots().prepare(NS, snapshotter(), "k", "", Map.of(), NO_LEASE);
        String mode =
                fixture().mounted(mounts, dir -> PosixFilePermissions.toString(Files.getPosixFilePermissions(dir)));
        assertThat(mode).isEqualTo("rwxr-xr-x");
    }

    @Test
    void activeSnapshotsSaySo() throws Exception {
        snapshots().prepare(NS, snapshotter(), "k", "", Map.of("a", "b"), NO_LEASE);
        SnapshotInfo info = stat("k");
        assertThat(info.kind()).isEqualTo(SnapshotKind.ACTIVE);
        assertThat(info.parent()).isEmpty();
        assertThat(info.createdAt()).isEqualTo(info.updatedAt());
        assertThat(info.labels()).containsEntry("a", "b");
    }

    @Test
    void aKeyIsTakenOnce() throws Exception {
        layer("base", "", dir -> dir);
        snapshots().prepare(NS, snapshotter(), "p", "base", Map.of(), NO_LEASE);
        snapshots().view(NS, snapshotter(), "v", "base", Map.of(), NO_LEASE);
        for (String key : List.of("p", "v", "base")) {
            refused(
                    Code.ALREADY_EXISTS,
                    key,
                    () -> snapshots().prepare(NS, snapshotter(), key, "", Map.of(), NO_LEASE));
            refused(Code.ALREADY_EXISTS, key, () -> snapshots().view(NS, snapshotter(), key, "", Map.of(), NO_LEASE));
        }
        refused(Code.ALREADY_EXISTS, "base", () -> commit("base", "p"));
        refused(Code.ALREADY_EXISTS, "p", () -> commit("p", "p"));
        assertThat(stat("p").kind()).isEqualTo(SnapshotKind.ACTIVE);
        snapshots().prepare("other", snapshotter(), "p", "", Map.of(), NO_LEASE);
    }

    @Test
    void parentsAreCommittedAndThere() throws Exception {
        snapshots().prepare(NS, snapshotter(), "active", "", Map.of(), NO_LEASE);
        refused(Code.NOT_FOUND, "none", () -> snapshots().prepare(NS, snapshotter(), "k", "none", Map.of(), NO_LEASE));
        refused(
                Code.INVALID_ARGUMENT,
                "active",
                () -> snapshots().prepare(NS, snapshotter(), "k", "active", Map.of(), NO_LEASE));
        refused(Code.NOT_FOUND, "k", () -> stat("k"));
    }

    @Test
    void commitAsksForAnActiveSnapshot() throws Exception {
        layer("base", "", dir -> dir);
        snapshots().view(NS, snapshotter(), "v", "base", Map.of(), NO_LEASE);
        refused(Code.NOT_FOUND, "none", () -> commit("new", "none"));
        refused(Code.FAILED_PRECONDITION, "v", () -> commit("new", "v"));
        refused(Code.FAILED_PRECONDITION, "base", () -> commit("new", "base"));
        refused(Code.FAILED_PRECONDITION, "base", () -> snapshots().mounts(NS, snapshotter(), "base"));
        refused(Code.NOT_FOUND, "none", () -> snapshots().mounts(NS, snapshotter(), "none"));
    }

    @Test
    void commitDoesNotInheritLabels() throws Exception {
        snapshots().prepare(NS, snapshotter(), "k", "", Map.of("a", "b"), NO_LEASE);
        snapshots().commit(NS, snapshotter(), "n", "k", Map.of("c", "d"), "", NO_LEASE);
        assertThat(stat("n").labels()).containsExactly(Map.entry("c", "d"));
    }

    @Test
    void updatesChangeLabelsOnly() throws Exception {
        layer("base", "", dir -> dir);
        snapshots().prepare(NS, snapshotter(), "k", "base", Map.of("x", "y"), NO_LEASE);
        for (String key : List.of("k", "base")) {
            SnapshotInfo before = stat(key);
            SnapshotInfo given = with(before, Map.of("l1", "1", "l2", "2"));
            SnapshotInfo after = snapshots().update(NS, snapshotter(), given, List.of());
            assertThat(after.labels()).isEqualTo(Map.of("l1", "1", "l2", "2"));
            assertThat(after.createdAt()).isEqualTo(before.createdAt());
            assertThat(after.parent()).isEqualTo(before.parent());
            assertThat(after.updatedAt()).isAfter(before.updatedAt());
            SnapshotInfo masked = snapshots()
                    .update(
                            NS,
                            snapshotter(),
                            with(before, Map.of("l1", "one", "l3", "3")),
                            List.of("labels.l1", "labels.l2"));
            assertThat(masked.labels()).isEqualTo(Map.of("l1", "one"));
            assertThat(snapshots()
                            .update(NS, snapshotter(), with(before, Map.of("z", "z")), List.of("labels"))
                            .labels())
                    .isEqualTo(Map.of("z", "z"));
            refused(
                    Code.INVALID_ARGUMENT,
                    "parent",
                    () -> snapshots().update(NS, snapshotter(), before, List.of("parent")));
        }
    }

    private static SnapshotInfo with(SnapshotInfo info, Map<String, String> labels) {
        return new SnapshotInfo(info.name(), info.parent(), info.kind(), info.createdAt(), info.updatedAt(), labels);
    }

    @Test
    void aRemovedKeyCanBeTakenAgain() throws Exception {
        layer("base", "", dir -> dir);
        snapshots().prepare(NS, snapshotter(), "k", "base", Map.of(), NO_LEASE);
        snapshots().remove(NS, snapshotter(), "k");
        snapshots().view(NS, snapshotter(), "k", "base", Map.of(), NO_LEASE);
        snapshots().remove(NS, snapshotter(), "k");
        snapshots().prepare(NS, snapshotter(), "other", "base", Map.of(), NO_LEASE);
        commit("k", "other");
        snapshots().remove(NS, snapshotter(), "k");
        refused(Code.NOT_FOUND, "k", () -> snapshots().remove(NS, snapshotter(), "k"));
    }

    @Test
    void listsFilterByNameKindParentAndLabel() throws Exception {
        layer("base", "", dir -> dir);
        snapshots().prepare(NS, snapshotter(), "a", "base", Map.of("color", "red"), NO_LEASE);
        snapshots().view(NS, snapshotter(), "v", "base", Map.of("color", "blue"), NO_LEASE);
        assertThat(names("kind==active")).containsExactly("a");
        assertThat(names("kind==committed")).containsExactly("base");
        assertThat(names("parent==base")).containsExactly("a", "v");
        assertThat(names("parent!=\"\"")).containsExactly("a", "v");
        assertThat(names("parent==\"\"")).containsExactly("base");
        assertThat(names("name==v")).containsExactly("v");
        assertThat(names("labels.color")).containsExactly("a", "v");
        assertThat(names("labels.color==red")).containsExactly("a");
        assertThat(names("kind==view", "labels.color==red")).containsExactly("a", "v");
        assertThat(names("kind==view,labels.color==red")).isEmpty();
    }

    private List<String> names(String... filters) throws IOException {
        return snapshots().list(NS, snapshotter(), List.of(filters)).stream()
                .map(SnapshotInfo::name)
                .toList();
    }

    @Test
    void anUnknownSnapshotterIsNamed() {
        refused(
                Code.INVALID_ARGUMENT,
                "snapshotter argument missing",
                () -> snapshots().stat(NS, "", "k"));
        refused(
                Code.INVALID_ARGUMENT,
                "snapshotter not loaded: zfs",
                () -> snapshots().stat(NS, "zfs", "k"));
    }

    @Test
    void labelsAreBounded() {
        refused(
                Code.INVALID_ARGUMENT,
                "4096",
                () -> snapshots().prepare(NS, snapshotter(), "k", "", Map.of("k", "v".repeat(4096)), NO_LEASE));
    }

    @Test
    void deletedFilesAreGoneInChildrenAndGrandchildren() throws Exception {
        layer("one", "", dir -> {
            Files.createDirectory(dir.resolve("d"));
            touch(dir.resolve("d"), "old", "");
            return touch(dir, "f", "");
        });
        layer("two", "one", dir -> {
            Files.delete(dir.resolve("f"));
            Files.delete(dir.resolve("d/old"));
            Files.delete(dir.resolve("d"));
            Files.createDirectory(dir.resolve("d"));
            return touch(dir.resolve("d"), "new", "");
        });
        layer("three", "two", dir -> touch(dir, "g", ""));
        List<io.slipway.linux.Mount> view = snapshots().view(NS, snapshotter(), "v", "three", Map.of(), NO_LEASE);
        List<String> seen = fixture().mounted(view, dir -> {
            try (var walk = Files.walk(dir)) {
                return walk.map(path -> dir.relativize(path).toString())
                        .sorted()
                        .toList();
            }
        });
        assertThat(seen).containsExactly("", "d", "d/new", "g");
    }

    @Test
    void viewsCannotBeWritten() throws Exception {
        layer("one", "", dir -> touch(dir, "f", ""));
        layer("two", "one", dir -> dir);
        for (String parent : List.of("", "one", "two")) {
            List<io.slipway.linux.Mount> view =
                    snapshots().view(NS, snapshotter(), "v" + parent, parent, Map.of(), NO_LEASE);
            assertThatThrownBy(() -> fixture().mounted(view, dir -> touch(dir, "new", "")))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("Read-only");
        }
    }

    @Test
    void usageCountsTheOwnLayer() throws Exception {
        layer("one", "", dir -> Files.write(dir.resolve("big"), new byte[1 << 20]));
        layer("two", "one", dir -> Files.write(dir.resolve("small"), new byte[100]));
        assertThat(snapshots().usage(NS, snapshotter(), "one").sizeBytes()).isBetween(1L << 20, (1L << 20) + 65_536);
        boolean copies = capabilities().contains(Capability.COPIES);
        assertThat(snapshots().usage(NS, snapshotter(), "two").sizeBytes())
                .isBetween(copies ? 1L << 20 : 100L, copies ? (1L << 20) + 65_536 : 65_536);
        assertThat(snapshots().usage(NS, snapshotter(), "two").inodes()).isEqualTo(copies ? 3 : 2);
        snapshots().prepare(NS, snapshotter(), "three", "two", Map.of(), NO_LEASE);
        assertThat(snapshots().usage(NS, snapshotter(), "three").inodes()).isEqualTo(copies ? 3 : 1);
    }

    @Test
    void namespacesDoNotSeeEachOther() throws Exception {
        layer("one", "", dir -> dir);
        refused(Code.NOT_FOUND, "one", () -> snapshots().stat("other", snapshotter(), "one"));
        assertThat(snapshots().list("other", snapshotter(), List.of())).isEmpty();
    }

    private static Path owned(Path dir, String name, int uid, int gid) throws IOException {
        Path file = touch(dir, name, name);
        Os.chown(file, uid, gid);
        return file;
    }

    private static String owner(Path path) throws IOException {
        return Files.getAttribute(path, "unix:uid") + ":" + Files.getAttribute(path, "unix:gid");
    }

    private Map<String, String> owners(List<io.slipway.linux.Mount> mounts, String... names) throws IOException {
        return fixture().mounted(mounts, dir -> {
            Map<String, String> owners = new TreeMap<>();
            for (String name : names) {
                owners.put(name, owner(dir.resolve(name)));
            }
            return owners;
        });
    }

    private void twoLayersWithOwners() throws IOException {
        layer("one", "", dir -> {
            owned(dir, "root", 0, 0);
            return owned(dir, "user", 1001, 7);
        });
        layer("two", "one", dir -> owned(dir, "last", 9, 99));
    }

    @Test
    void labelsShowTheFilesOfAnImageAsTheContainersWhereTheDriverSaysSo() throws Exception {
        twoLayersWithOwners();
        if (refusesMappings()) {
            refused(
                    Code.FAILED_PRECONDITION,
                    "can't show files with other owners",
                    () -> snapshots().prepare(NS, snapshotter(), "k", "two", IDS, NO_LEASE));
            return;
        }
        boolean can = capabilities().contains(Capability.REMAP_IDS);
        Map<String, String> expected = can
                ? Map.of(".", "100000:200000", "last", "100009:200099", "root", "100000:200000", "user", "5001:200007")
                : Map.of(".", "0:0", "last", "9:99", "root", "0:0", "user", "1001:7");
        String[] names = {".", "last", "root", "user"};
        String before = mountTable();
        assertThat(owners(snapshots().prepare(NS, snapshotter(), "k", "two", IDS, NO_LEASE), names))
                .isEqualTo(expected);
        assertThat(owners(snapshots().view(NS, snapshotter(), "v", "two", IDS, NO_LEASE), names))
                .isEqualTo(expected);
        assertThat(owners(snapshots().view(NS, snapshotter(), "w", "one", IDS, NO_LEASE), "user"))
                .containsEntry("user", expected.get("user"));
        assertThat(owners(snapshots().prepare(NS, snapshotter(), "fresh", "", IDS, NO_LEASE), "."))
                .containsEntry(".", expected.get("."));
        assertThat(owners(snapshots().mounts(NS, snapshotter(), "k"), names)).isEqualTo(expected);
        assertThat(owners(snapshots().view(NS, snapshotter(), "plain", "two", Map.of(), NO_LEASE), names))
                .containsEntry("user", "1001:7");
        assertThat(mountTable()).isEqualTo(before);
    }

    private boolean refusesMappings() {
        return !capabilities().contains(Capability.REMAP_IDS) && capabilities().contains(Capability.ONLY_REMAP_IDS);
    }

    private static String mountTable() throws IOException {
        return Files.readString(Path.of("/proc/self/mountinfo"));
    }

    @Test
    void labelsThatAreNoMappingOfIdsAreRefusedAndNothingStays() throws Exception {
        String whole = "0:1:1";
        for (Map<String, String> labels : List.of(
                Map.of("containerd.io/snapshot/uidmapping", whole),
                Map.of("containerd.io/snapshot/gidmapping", whole),
                ids("", ""),
                ids("0:1", whole),
                ids(whole, "root:1:1"),
                ids("0:1:5,4:100:1", whole),
                ids(whole, "1:1:1"))) {
            refused(
                    Code.INVALID_ARGUMENT,
                    " id mapping \"",
                    () -> snapshots().prepare(NS, snapshotter(), "k", "", labels, NO_LEASE));
            refused(
                    Code.INVALID_ARGUMENT,
                    "containerd.io/snapshot/uidmapping",
                    () -> snapshots().view(NS, snapshotter(), "k", "", labels, NO_LEASE));
        }
        assertThat(snapshots().list(NS, snapshotter(), List.of())).isEmpty();
    }

    @Test
    void labelsThatAreNoMappingOfIdsAreRefusedInUpdatesToo() throws Exception {
        snapshots().prepare(NS, snapshotter(), "k", "", Map.of("a", "b"), NO_LEASE);
        SnapshotInfo before = stat("k");
        refused(
                Code.INVALID_ARGUMENT,
                " id mapping \"",
                () -> snapshots().update(NS, snapshotter(), with(before, ids("0:1", "0:1:1")), List.of()));
        assertThat(stat("k")).isEqualTo(before);
    }

    /// Else who takes it away could commit what the host's ids wrote.
    @Test
    void theMappingOfAnActiveSnapshotStaysAsItWasPrepared() throws Exception {
        layer("base", "", dir -> dir);
        snapshots().prepare(NS, snapshotter(), "plain", "base", Map.of("a", "b"), NO_LEASE);
        keepsItsMapping("plain", IDS);
        if (!refusesMappings()) {
            snapshots().prepare(NS, snapshotter(), "mapped", "base", IDS, NO_LEASE);
            keepsItsMapping("mapped", Map.of());
            keepsItsMapping("mapped", ids("0:1:1", "0:1:1"));
            SnapshotInfo given = with(stat("mapped"), Map.of("a", "b"));
            assertThat(snapshots()
                            .update(NS, snapshotter(), given, List.of("labels.a"))
                            .labels())
                    .containsAllEntriesOf(IDS)
                    .containsEntry("a", "b");
        }
    }

    private void keepsItsMapping(String key, Map<String, String> labels) throws IOException {
        SnapshotInfo before = stat(key);
        List<String> both =
                IDS.keySet().stream().map(label -> "labels." + label).toList();
        for (List<String> mask : List.of(List.<String>of(), List.of("labels"), both)) {
            refused(
                    Code.FAILED_PRECONDITION,
                    "snapshot \"" + key + "\" is active and keeps the labels",
                    () -> snapshots().update(NS, snapshotter(), with(before, labels), mask));
        }
        assertThat(stat(key)).isEqualTo(before);
    }

    @Test
    void eachOfManyLayersMountsAndShowsWhatAFlatCopyHas() throws Exception {
        // So many writes bring on a collection.
        Optional<String> lease = Optional.of(
                fixture().cas.leases().create(NS, Optional.empty(), Map.of()).id());
        for (int i = 0; i < 128; i++) {
            String content = String.valueOf(i);
            layer("l" + i, i == 0 ? "" : "l" + (i - 1), lease, dir -> {
                touch(dir, "last", content);
                return touch(dir, "f" + content, content);
            });
        }
        Map<String, String> flat = new TreeMap<>();
        for (int i = 0; i < 128; i++) {
            String content = String.valueOf(i);
            flat.put("last", content);
            flat.put("f" + content, content);
            assertThat(files(snapshots().view(NS, snapshotter(), "v" + i, "l" + i, Map.of(), lease)))
                    .as("layers up to " + i)
                    .isEqualTo(flat);
        }
    }

    /// Every file and what is in it; of directories the names, which end with a slash.
    private Map<String, String> files(List<io.slipway.linux.Mount> mounts) throws IOException {
        return fixture().mounted(mounts, dir -> {
            Map<String, String> files = new TreeMap<>();
            try (var walk = Files.walk(dir)) {
                for (Path path : walk.skip(1).toList()) {
                    String name = dir.relativize(path).toString();
                    boolean directory = Files.isDirectory(path);
                    files.put(directory ? name + "/" : name, directory ? "" : Files.readString(path));
                }
            }
            return files;
        });
    }

    private Map<String, String> files(String committed) throws IOException {
        return files(snapshots().view(NS, snapshotter(), "view of " + committed, committed, Map.of(), NO_LEASE));
    }

    @Test
    void theParentOfAParentIsToldByStat() throws Exception {
        layer("one", "", dir -> dir);
        layer("two", "one", dir -> dir);
        layer("three", "two", dir -> dir);
        snapshots().prepare(NS, snapshotter(), "active", "three", Map.of(), NO_LEASE);
        snapshots().view(NS, snapshotter(), "view", "three", Map.of(), NO_LEASE);
        for (String top : List.of("active", "view")) {
            List<String> chain = new ArrayList<>();
            for (String name = top; !name.isEmpty(); name = stat(name).parent()) {
                chain.add(name);
            }
            assertThat(chain).containsExactly(top, "three", "two", "one");
        }
    }

    @Test
    void aParentOfAnActiveSnapshotCannotBeRemoved() throws Exception {
        layer("one", "", dir -> dir);
        layer("two", "one", dir -> touch(dir, "f", "2"));
        snapshots().prepare(NS, snapshotter(), "k", "two", Map.of(), NO_LEASE);
        for (String below : List.of("one", "two")) {
            refused(Code.FAILED_PRECONDITION, "remove", () -> snapshots().remove(NS, snapshotter(), below));
        }
        assertThat(files(snapshots().mounts(NS, snapshotter(), "k"))).isEqualTo(Map.of("f", "2"));
    }

    /// What asks for size and whole seconds only takes such a file for the old one.
    @Test
    void aChangeOfTheSameSizeWithinTheSameSecondIsSeen() throws Exception {
        Instant second = Instant.ofEpochSecond(1_700_000_000);
        List<Duration> times = List.of(
                Duration.ZERO,
                Duration.ofNanos(1),
                Duration.ofMillis(500),
                Duration.ofNanos(999_999_999),
                Duration.ofNanos(999_999_999));
        layer("r0", "", dir -> modified(touch(dir, "f", "round 0"), second));
        for (int i = 0; i < times.size(); i++) {
            String content = "round " + (i + 1);
            Instant time = second.plus(times.get(i));
            layer("r" + (i + 1), "r" + i, dir -> modified(touch(dir, "f", content), time));
        }
        for (int i = 0; i <= times.size(); i++) {
            assertThat(files("r" + i)).isEqualTo(Map.of("f", "round " + i));
        }
    }

    private static Path modified(Path file, Instant time) throws IOException {
        return Files.setLastModifiedTime(file, FileTime.from(time));
    }

    @Test
    void ownersOfALowerTreeChangeInTheLayerThatChangesThem() throws Exception {
        layer("one", "", dir -> {
            Files.createDirectories(dir.resolve("opt/a/b"));
            return touch(dir, "opt/a/b/f", "content");
        });
        layer("two", "one", dir -> {
            Os.chown(dir.resolve("opt"), 1, 1);
            Os.chown(dir.resolve("opt/a"), 1, 2);
            Os.chown(dir.resolve("opt/a/b/f"), 2, 2);
            return dir;
        });
        layer("three", "two", dir -> {
            Os.chown(dir.resolve("opt/a/b"), 3, 3);
            return dir;
        });
        String[] names = {"opt", "opt/a", "opt/a/b", "opt/a/b/f"};
        assertThat(ownersIn("one", names).values()).containsExactly("0:0", "0:0", "0:0", "0:0");
        assertThat(ownersIn("two", names).values()).containsExactly("1:1", "1:2", "0:0", "2:2");
        assertThat(ownersIn("three", names).values()).containsExactly("1:1", "1:2", "3:3", "2:2");
        assertThat(files("three")).containsEntry("opt/a/b/f", "content");
    }

    private Map<String, String> ownersIn(String committed, String... names) throws IOException {
        return owners(
                snapshots().view(NS, snapshotter(), "owners of " + committed, committed, Map.of(), NO_LEASE), names);
    }

    @Test
    void directoriesKeepOwnersAndModesThroughRemovalAndReturn() throws Exception {
        layer("one", "", dir -> {
            directory(dir, "kept", 1, "rwx------");
            directory(dir, "second", 2, "rwx--x--x");
            return directory(dir, "third", 3, "rwxr-x---");
        });
        layer("two", "one", dir -> {
            touch(dir, "kept/new", "");
            emptied(dir.resolve("second"));
            return directory(dir, "second", 4, "rwx------");
        });
        layer("three", "two", dir -> {
            touch(dir, "second/new", "");
            emptied(dir.resolve("third"));
            return directory(dir, "third", 5, "rwx-----x");
        });
        List<io.slipway.linux.Mount> view = snapshots().view(NS, snapshotter(), "v", "three", Map.of(), NO_LEASE);
        List<String> seen = fixture().mounted(view, dir -> {
            List<String> lines = new ArrayList<>();
            for (String name : List.of("kept", "second", "third")) {
                Path path = dir.resolve(name);
                lines.add(owner(path) + " " + PosixFilePermissions.toString(Files.getPosixFilePermissions(path)));
            }
            return lines;
        });
        assertThat(seen).containsExactly("1:1 rwx------", "4:4 rwx------", "5:5 rwx-----x");
        assertThat(files(view).keySet())
                .containsExactly(
                        "kept/", "kept/f", "kept/new", "second/", "second/f", "second/new", "third/", "third/f");
    }

    private static Path directory(Path dir, String name, int id, String mode) throws IOException {
        Path made = Files.createDirectory(dir.resolve(name));
        touch(made, "f", name);
        Os.chown(made, id, id);
        return Files.setPosixFilePermissions(made, PosixFilePermissions.fromString(mode));
    }

    private static void emptied(Path directory) throws IOException {
        Files.delete(directory.resolve("f"));
        Files.delete(directory);
    }

    @Test
    void aLowerFileMovesByALinkAndTheRemovalOfItsOldName() throws Exception {
        layer("one", "", dir -> {
            Files.createDirectory(dir.resolve("from"));
            Files.createDirectory(dir.resolve("to"));
            return touch(dir, "from/f", "content");
        });
        layer("two", "one", dir -> {
            Files.createLink(dir.resolve("to/f"), dir.resolve("from/f"));
            Files.delete(dir.resolve("from/f"));
            return dir;
        });
        layer("three", "two", dir -> touch(dir, "other", ""));
        assertThat(files("two")).isEqualTo(Map.of("from/", "", "to/", "", "to/f", "content"));
        assertThat(files("three")).isEqualTo(Map.of("from/", "", "to/", "", "to/f", "content", "other", ""));
    }

    @Test
    void filesOfALowerLayerAreRenamedAlsoOverOthers() throws Exception {
        layer("one", "", dir -> {
            touch(dir, "a", "was a");
            touch(dir, "b", "was b");
            return touch(dir, "c", "was c");
        });
        layer("two", "one", dir -> {
            renamed(dir, "a", "b");
            return renamed(dir, "c", "d");
        });
        assertThat(files("two")).isEqualTo(Map.of("b", "was a", "d", "was c"));
        assertThat(files("one")).isEqualTo(Map.of("a", "was a", "b", "was b", "c", "was c"));
    }

    private static Path renamed(Path dir, String from, String to) throws IOException {
        return Files.move(dir.resolve(from), dir.resolve(to), StandardCopyOption.ATOMIC_MOVE);
    }

    @Test
    void directoriesOfALowerLayerAreRenamedWhereTheDriverSaysSo() throws Exception {
        layer("one", "", dir -> {
            Files.createDirectory(dir.resolve("lower"));
            return touch(dir, "lower/f", "content");
        });
        boolean stay = capabilities().contains(Capability.LOWER_DIRECTORIES_STAY);
        layer("two", "one", dir -> {
            Files.createDirectory(dir.resolve("own"));
            renamed(dir, "own", "renamed");
            if (stay) {
                assertThatThrownBy(() -> renamed(dir, "lower", "moved"))
                        .isInstanceOf(AtomicMoveNotSupportedException.class);
                return dir;
            }
            return renamed(dir, "lower", "moved");
        });
        String at = stay ? "lower/" : "moved/";
        assertThat(files("two")).isEqualTo(Map.of("renamed/", "", at, "", at + "f", "content"));
    }

    @Test
    void whatIsListedIsWhatStatSaysWhileOthersWalkToo() throws Exception {
        layer("one", "", dir -> dir);
        snapshots().view(NS, snapshotter(), "v", "one", Map.of("a", "b"), NO_LEASE);
        snapshots().prepare(NS, snapshotter(), "k", "one", Map.of("c", "d"), NO_LEASE);
        try (ExecutorService walkers = Executors.newFixedThreadPool(4)) {
            Callable<Integer> walk = this::walk;
            for (Future<Integer> listed : walkers.invokeAll(Collections.nCopies(4, walk), 30, TimeUnit.SECONDS)) {
                assertThat(listed.get()).isEqualTo(3);
            }
        }
    }

    private int walk() throws IOException {
        List<SnapshotInfo> all = snapshots().list(NS, snapshotter(), List.of());
        for (SnapshotInfo info : all) {
            assertThat(stat(info.name())).isEqualTo(info);
        }
        return all.size();
    }

    @Test
    void closingTwiceIsNoError() throws Exception {
        layer("one", "", dir -> dir);
        fixture().close();
        fixture().close();
    }
}
