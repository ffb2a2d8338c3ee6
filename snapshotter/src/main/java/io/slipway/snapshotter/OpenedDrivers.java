package io.slipway.snapshotter;

import io.slipway.snapshotter.btrfs.BtrfsDriver;
import io.slipway.snapshotter.copying.CopyingDriver;
import io.slipway.snapshotter.overlay.OverlayDriver;
import java.io.IOException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;

/// Opens every driver there is. One that lacks something here is left out with the reason.
final class OpenedDrivers {
    private final Path root;
    private final UnaryOperator<SnapshotDriver> around;
    private final List<SnapshotDriver> usable = new ArrayList<>();
    private final Map<String, String> off = new LinkedHashMap<>();
    private final List<String> names = new ArrayList<>();

    private OpenedDrivers(Path root, UnaryOperator<SnapshotDriver> around) {
        this.root = root;
        this.around = around;
    }

    private interface Opening {
        SnapshotDriver open() throws IOException;
    }

    static OpenedDrivers of(Path root, SnapshotterOptions options, UnaryOperator<SnapshotDriver> around) {
        SecureRandom random = new SecureRandom();
        OpenedDrivers opened = new OpenedDrivers(root, around);
        opened.add(
                OverlayDriver.NAME,
                () -> OverlayDriver.open(root, random::nextLong, options.volatileMounts(), options.slowChown()));
        opened.add(CopyingDriver.NAME, () -> CopyingDriver.open(root, random::nextLong));
        opened.add(BtrfsDriver.NAME, () -> BtrfsDriver.open(root, random::nextLong));
        return opened;
    }

    private void add(String name, Opening opening) {
        names.add(name);
        try {
            usable.add(around.apply(opening.open()));
        } catch (IOException e) {
            off.put(name, String.valueOf(e.getMessage()));
        }
    }

    /// Those that can be used.
    List<SnapshotDriver> usable() {
        return List.copyOf(usable);
    }

    /// Why the others can't, by name.
    Map<String, String> off() {
        return Map.copyOf(off);
    }

    /// Fails unless that one can be used.
    void require(String name) throws IOException {
        if (!names.contains(name)) {
            throw new IOException("snapshotter " + name + " is not known; there are " + String.join(", ", names));
        }
        String reason = off.get(name);
        if (reason != null) {
            throw new IOException("snapshotter " + name + " can't be used here: " + reason);
        }
    }

    List<SnapshotterState> states() {
        return names.stream().map(this::state).toList();
    }

    private SnapshotterState state(String name) {
        List<String> capabilities = usable.stream()
                .filter(driver -> driver.name().equals(name))
                .flatMap(driver -> driver.capabilities().stream())
                .flatMap(capability -> capability.word().stream())
                .toList();
        return new SnapshotterState(
                name,
                root.toAbsolutePath().normalize().resolve("snapshotters").resolve(name),
                capabilities,
                Optional.ofNullable(off.get(name)));
    }

    void close() {
        usable.forEach(SnapshotDriver::close);
    }
}
