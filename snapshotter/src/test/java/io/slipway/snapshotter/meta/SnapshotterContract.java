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
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
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

    private Snapshots snapshots() {
        return fixture().snapshots();
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
        if (!capabilities().contains(Capability.REMAP_IDS) && capabilities().contains(Capability.ONLY_REMAP_IDS)) {
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

    @Test
    void manyLayersMount() throws Exception {
        // So many writes bring on a collection.
        Optional<String> lease = Optional.of(
                fixture().cas.leases().create(NS, Optional.empty(), Map.of()).id());
        layer("l0", "", lease, dir -> touch(dir, "f0", ""));
        for (int i = 1; i < 128; i++) {
            String file = "f" + i;
            layer("l" + i, "l" + (i - 1), lease, dir -> touch(dir, file, ""));
        }
        List<io.slipway.linux.Mount> view = snapshots().view(NS, snapshotter(), "v", "l127", Map.of(), lease);
        long seen = fixture().mounted(view, dir -> {
            try (var list = Files.list(dir)) {
                return list.count();
            }
        });
        assertThat(seen).isEqualTo(128);
    }
}
