package io.slipway.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Real mounts that show files with other owners.
@Tag("root")
class IdMappedTest {
    private static final String UIDS = "uidmap=0:100000:10,1000:5000:2";
    private static final String GIDS = "gidmap=0:200000:100";

    /// Who owns what is not mapped (`/proc/sys/kernel/overflowuid`).
    private static final String NOBODY = "65534";

    @TempDir
    Path temp = Path.of("/");

    private final Mounts mounts = Mounts.system();
    private Path target = temp;
    private String before = "";

    @BeforeEach
    void make() throws IOException {
        target = Files.createDirectories(temp.resolve("target"));
        before = mountTable();
    }

    @AfterEach
    void leavesNothingMountedAndNobodyRunning() throws IOException {
        mounts.unmount(target);
        assertThat(mountTable()).isEqualTo(before);
        assertThat(ProcessHandle.current().children()).isEmpty();
    }

    private static String mountTable() throws IOException {
        return Files.readString(Path.of("/proc/self/mountinfo"));
    }

    private static void file(Path path, int uid, int gid) throws IOException {
        Files.writeString(path, path.getFileName().toString());
        Os.chown(path, uid, gid);
    }

    private static String owner(Path path) throws IOException {
        return Files.getAttribute(path, "unix:uid") + ":" + Files.getAttribute(path, "unix:gid");
    }

    private void mount(Mount mount, boolean detached) throws IOException {
        IdMapped shown = IdMapped.of(mount);
        assertThat(shown.isMapped()).isTrue();
        shown.mount(MountOptions.of(shown.mount()), target.toString(), detached);
    }

    private Mount overlay(List<Path> lowers) throws IOException {
        List<String> options = new ArrayList<>(List.of(
                UIDS,
                GIDS,
                "workdir=" + Files.createDirectories(temp.resolve("work")),
                "upperdir=" + Files.createDirectories(temp.resolve("upper"))));
        options.add("lowerdir="
                + String.join(":", lowers.stream().map(Path::toString).toList()));
        options.add("index=off");
        return new Mount("overlay", "overlay", "", options);
    }

    private List<Path> layers(int count) throws IOException {
        List<Path> layers = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            Path layer = Files.createDirectories(temp.resolve("layers-with-a-long-name/" + i + "/fs"));
            file(layer.resolve("f" + i), i % 10, i % 100);
            layers.add(layer);
        }
        return layers;
    }

    @Test
    void aBindShowsUsersAndGroupsEachByTheirOwnRanges() throws IOException {
        Path source = Files.createDirectories(temp.resolve("source"));
        file(source.resolve("root"), 0, 0);
        file(source.resolve("last"), 9, 99);
        file(source.resolve("second"), 1001, 50);
        file(source.resolve("beyond"), 10, 100);
        mounts.mount(List.of(new Mount("bind", source.toString(), "", List.of(UIDS, GIDS, "rw", "rbind"))), target);
        assertThat(owner(target)).isEqualTo("100000:200000");
        assertThat(owner(target.resolve("root"))).isEqualTo("100000:200000");
        assertThat(owner(target.resolve("last"))).isEqualTo("100009:200099");
        assertThat(owner(target.resolve("second"))).isEqualTo("5001:200050");
        assertThat(owner(target.resolve("beyond"))).isEqualTo(NOBODY + ":" + NOBODY);
        Os.chown(target.resolve("root"), 5000, 200_003);
        assertThat(owner(source.resolve("root"))).isEqualTo("1000:3");
    }

    @Test
    void aReadOnlyBindKeepsItsFlags() throws IOException {
        Path source = Files.createDirectories(temp.resolve("source"));
        mounts.mount(
                List.of(new Mount("bind", source.toString(), "", List.of(UIDS, GIDS, "ro", "nosuid", "rbind"))),
                target);
        assertThat(mountTable().lines())
                .filteredOn(line -> line.contains(" " + target + " "))
                .singleElement()
                .asString()
                .contains(" ro,nosuid")
                .contains("idmapped");
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void lowerLayersAreMappedAndTheUpperOneIsNot(boolean detached) throws IOException {
        List<Path> lowers = layers(3);
        Mount overlay = overlay(lowers);
        file(temp.resolve("upper/own"), 100_005, 200_000);
        mount(overlay, detached);
        assertThat(mounts.mountPointsUnder(temp)).containsExactly(target);
        assertThat(owner(target.resolve("f0"))).isEqualTo("100000:200000");
        assertThat(owner(target.resolve("f2"))).isEqualTo("100002:200002");
        assertThat(owner(target.resolve("own"))).isEqualTo("100005:200000");
        assertThat(owner(lowers.get(2).resolve("f2"))).isEqualTo("2:2");
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aCopyUpKeepsTheOwnerThatWasShown(boolean detached) throws IOException {
        mount(overlay(layers(3)), detached);
        Files.writeString(target.resolve("f2"), "changed");
        assertThat(owner(target.resolve("f2"))).isEqualTo("100002:200002");
        assertThat(owner(temp.resolve("upper/f2"))).isEqualTo("100002:200002");
        assertThat(temp.resolve("upper/f2")).hasContent("changed");
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void asManyLayersAsOverlayfsTakesAreMapped(boolean detached) throws IOException {
        mount(overlay(layers(500)), detached);
        assertThat(owner(target.resolve("f499"))).isEqualTo("100009:200099");
        try (var names = Files.list(target)) {
            assertThat(names).hasSize(500);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aFailedMountLeavesNothing(boolean detached) throws IOException {
        Mount overlay = overlay(layers(2));
        Files.delete(temp.resolve("upper"));
        assertThatThrownBy(() -> mount(overlay, detached)).isInstanceOf(LinuxException.class);
        assertThat(mountTable()).isEqualTo(before);
    }

    /// As [OverlayMount#readOnly] has it for who compares a container with its image.
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void forReadingOnlyAllIsAsTheContainerSeesIt(boolean detached) throws IOException {
        Mount overlay = overlay(layers(3));
        mounts.mount(List.of(overlay), target);
        Files.writeString(target.resolve("f2"), "changed");
        file(temp.resolve("upper/own"), 5001, 200_009);
        mounts.unmount(target);
        mount(OverlayMount.readOnly(List.of(overlay)).getFirst(), detached);
        assertThat(owner(target.resolve("f1"))).isEqualTo("1:1");
        assertThat(owner(target.resolve("f2"))).isEqualTo("2:2");
        assertThat(target.resolve("f2")).hasContent("changed");
        assertThat(owner(target.resolve("own"))).isEqualTo("1001:9");
        assertThatThrownBy(() -> Files.createFile(target.resolve("no"))).isInstanceOf(FileSystemException.class);
    }

    @Test
    void aViewForReadingOnlyIsNotMapped() throws IOException {
        Mount view = new Mount(
                "overlay",
                "overlay",
                "",
                List.of(UIDS, GIDS, "lowerdir=" + layers(2).getFirst() + ":" + temp));
        Mount plain = OverlayMount.readOnly(List.of(view)).getFirst();
        assertThat(Mounts.mapIds(List.of(plain))).isFalse();
        assertThat(plain.options()).startsWith("ro").hasSize(2);
    }

    @Test
    void aLayerThatIsAMountOfItsOwnIsRefusedAndNotShownEmpty() throws IOException {
        List<Path> lowers = layers(2);
        mounts.mount(List.of(new Mount("tmpfs", "tmpfs", "", List.of())), lowers.get(1));
        Mount overlay = overlay(lowers);
        assertThatThrownBy(() -> mounts.mount(List.of(overlay), target))
                .isInstanceOf(LinuxException.class)
                .hasMessageContaining(lowers.get(1).toString());
        mounts.unmount(lowers.get(1));
    }

    @Test
    void refusesHalfAMappingAndOneThatIsNone() {
        for (List<String> options : List.of(List.of(UIDS), List.of(UIDS, "gidmap=x"))) {
            assertThatThrownBy(() -> mounts.mount(List.of(new Mount("bind", temp.toString(), "", options)), target))
                    .isInstanceOfSatisfying(
                            LinuxException.class, e -> assertThat(e.errno()).isEqualTo(Errno.EINVAL))
                    .hasMessageContaining("group id mapping");
        }
    }

    @Test
    void refusesToMapOtherFileSystems() {
        assertThatThrownBy(() -> mounts.mount(List.of(new Mount("tmpfs", "tmpfs", "", List.of(UIDS, GIDS))), target))
                .isInstanceOf(LinuxException.class)
                .hasMessageContaining("not tmpfs");
    }

    @Test
    void saysWhichMountsNeedIt() {
        Mount plain = new Mount("bind", "/", "", List.of("rbind"));
        assertThat(Mounts.mapIds(List.of(plain))).isFalse();
        assertThat(Mounts.mapIds(List.of(plain, new Mount("bind", "/", "", List.of(UIDS, GIDS)))))
                .isTrue();
    }
}
