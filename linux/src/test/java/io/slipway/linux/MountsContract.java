package io.slipway.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What every [Mounts] does.
abstract class MountsContract {
    @TempDir
    Path temp = Path.of("/");

    final Mounts mounts = mounts();
    Path source = temp;
    Path target = temp;

    abstract Mounts mounts();

    @BeforeEach
    void make() throws IOException {
        source = Files.createDirectories(temp.resolve("source"));
        target = Files.createDirectories(temp.resolve("target"));
        Files.createDirectories(source.resolve("inner/deep"));
        // The same names below the mount point, for a fake that covers nothing up.
        Files.createDirectories(source.resolve("inner/inner"));
        Files.createDirectories(target.resolve("inner/inner"));
    }

    @AfterEach
    void leavesNothingMounted() throws IOException {
        mounts.unmountTree(temp);
        assertThat(mounts.mountPointsUnder(temp)).isEmpty();
    }

    @Test
    void mountsInOrderAndListsOutermostFirst() throws IOException {
        mounts.mount(List.of(bind(source, ""), bind(source.resolve("inner"), "inner")), target);
        assertThat(mounts.mountPointsUnder(temp)).containsExactly(target, target.resolve("inner"));
        assertThat(mounts.mountPointsUnder(target.resolve("inner"))).containsExactly(target.resolve("inner"));
        assertThat(mounts.mountPointsUnder(temp.resolve("tar"))).isEmpty();
    }

    @Test
    void unmountsEveryMountOnAPoint() throws IOException {
        mounts.mount(List.of(bind(source, ""), bind(source, "")), target);
        assertThat(mounts.mountPointsUnder(temp)).containsExactly(target, target);
        mounts.unmount(target);
        assertThat(mounts.mountPointsUnder(temp)).isEmpty();
    }

    @Test
    void unmountingWhatIsNoMountPointIsFine() throws IOException {
        mounts.unmount(target);
        mounts.unmount(temp.resolve("absent"));
        mounts.unmountTree(target);
        mounts.unmountTree(temp.resolve("absent"));
        assertThat(mounts.mountPointsUnder(temp.resolve("absent"))).isEmpty();
    }

    @Test
    void unmountsATree() throws IOException {
        mounts.mount(List.of(bind(source, ""), bind(source, "inner"), bind(source, "inner/inner")), target);
        Path beside = Files.createDirectory(temp.resolve("target2"));
        mounts.mount(List.of(bind(source, "")), beside);
        mounts.unmountTree(target);
        assertThat(mounts.mountPointsUnder(temp)).containsExactly(beside);
    }

    @Test
    void takesBackWhatWasMountedWhenALaterOneFails() {
        List<Mount> some = List.of(bind(source, ""), bind(source, "inner"), bind(temp.resolve("absent"), ""));
        assertThatThrownBy(() -> mounts.mount(some, target))
                .isInstanceOfSatisfying(
                        LinuxException.class, e -> assertThat(e.errno()).isEqualTo(Errno.ENOENT));
    }

    @Test
    void refusesAMountPointThatIsNotThere() {
        assertThatThrownBy(() -> mounts.mount(List.of(bind(source, "")), temp.resolve("absent")))
                .isInstanceOf(LinuxException.class);
        assertThatThrownBy(() -> mounts.mount(List.of(bind(source, "absent")), target))
                .isInstanceOf(LinuxException.class);
    }

    @Test
    void followsNoLinkOutOfTheTarget() throws IOException {
        Path outside = Files.createDirectories(temp.resolve("outside/etc"));
        Files.createSymbolicLink(target.resolve("absolute"), outside);
        Files.createSymbolicLink(target.resolve("relative"), Path.of("../outside/etc"));
        Files.createSymbolicLink(target.resolve("rooted"), Path.of("/inner"));
        assertThatThrownBy(() -> mounts.mount(List.of(bind(source, "absolute")), target))
                .isInstanceOf(LinuxException.class);
        assertThatThrownBy(() -> mounts.mount(List.of(bind(source, "relative")), target))
                .isInstanceOf(LinuxException.class);
        mounts.mount(List.of(bind(source, "rooted")), target);
        assertThat(mounts.mountPointsUnder(temp)).containsExactly(target.resolve("inner"));
    }

    @Test
    void unmountsPointsWithBlanksAndBackslashes() throws IOException {
        Path odd = Files.createDirectories(target.resolve("a b\tc\\d"));
        mounts.mount(List.of(bind(source, "")), odd);
        assertThat(mounts.mountPointsUnder(target)).containsExactly(odd);
        mounts.unmountTree(target);
        assertThat(mounts.mountPointsUnder(target)).isEmpty();
    }

    static Mount bind(Path from, String to) {
        return new Mount("bind", from.toString(), to, List.of("rbind"));
    }
}
