package io.slipway.snapshotter.meta;

import io.slipway.cas.GcLabels;
import io.slipway.cas.Identifier;
import io.slipway.cas.Metadata.Notes;
import io.slipway.cas.Metadata.Rebuild;
import io.slipway.cas.Namespaces;
import io.slipway.snapshotter.MountedSnapshot;
import io.slipway.snapshotter.SnapshotDriver;
import io.slipway.snapshotter.SnapshotKind;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// Brings the records of snapshots in line with the drivers' directories, when the records are older than those.
///
/// 1. No number that a directory has is given out again.
/// 2. A record whose directory is gone is damaged, and is unpacked again when it is asked for, if it was committed; a
///    record of one that was written to goes.
/// 3. A directory that is mounted is somebody's, a running container's most of all, and gets a record. The namespace
/// and
///    the id of the container are in the mount point, `.../<namespace>/<id>/rootfs`, and clients call a container's
///    snapshot by its id.
///
/// All other directories without record are removed by cleanup as ever: what was unpacked since the copy is unpacked
/// again on demand.
final class SnapshotRebuild implements Rebuild {
    /// Namespace of what is mounted elsewhere than at a bundle.
    private static final String NAMESPACE = "slipway-recovered";

    private static final int BUNDLE_DEPTH = 3;

    private final SnapshotTable snapshots;
    private final DirectoryTable directories;
    private final Namespaces namespaces;
    private final List<SnapshotDriver> drivers;
    private final Clock clock;

    SnapshotRebuild(
            SnapshotTable snapshots,
            DirectoryTable directories,
            Namespaces namespaces,
            List<SnapshotDriver> drivers,
            Clock clock) {
        this.snapshots = snapshots;
        this.directories = directories;
        this.namespaces = namespaces;
        this.drivers = List.copyOf(drivers);
        this.clock = clock;
    }

    @Override
    public void run(Connection c, Notes notes) throws SQLException {
        for (SnapshotDriver driver : drivers) {
            try {
                Set<Long> there = driver.directories();
                for (long number : there) {
                    directories.skipTo(c, number);
                }
                dropMissing(c, notes, driver, there);
                for (MountedSnapshot mounted : driver.mounted()) {
                    adopt(c, notes, driver, mounted);
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    private void dropMissing(Connection c, Notes notes, SnapshotDriver driver, Set<Long> there) throws SQLException {
        Set<Long> missing = new HashSet<>(directories.all(c, driver.name()));
        missing.removeAll(there);
        for (long number : missing) {
            directories.gone(c, number);
            for (SnapshotRow row : snapshots.in(c, number)) {
                if (row.kind() != SnapshotKind.COMMITTED) {
                    snapshots.delete(c, row);
                    notes.lost("snapshot " + row.key() + " (" + row.at().namespace() + ", "
                            + row.at().snapshotter() + "): its directory is gone");
                }
            }
        }
    }

    private void adopt(Connection c, Notes notes, SnapshotDriver driver, MountedSnapshot mounted) throws SQLException {
        long top = mounted.directories().getFirst();
        if (!snapshots.in(c, top).isEmpty()) {
            return;
        }
        Owner owner = Owner.of(mounted.point());
        namespaces.ensure(c, owner.namespace());
        long parent = 0;
        for (long number : mounted.directories().reversed()) {
            if (number != top) {
                parent = committed(c, driver, owner.namespace(), number, parent);
            }
        }
        SnapshotKind kind = mounted.written() ? SnapshotKind.ACTIVE : SnapshotKind.COMMITTED;
        SnapshotAddress at = free(c, new SnapshotAddress(owner.namespace(), driver.name(), owner.key(top)), top);
        record(
                c,
                driver,
                at,
                kind,
                parent,
                top,
                Map.of(GcLabels.ROOT, clock.instant().toString()));
        notes.found("snapshot " + at.key() + " (" + at.namespace() + ", " + at.snapshotter() + "), which is mounted at "
                + mounted.point());
    }

    /// The id of a committed record on that directory in that namespace.
    private long committed(Connection c, SnapshotDriver driver, String namespace, long number, long parent)
            throws SQLException {
        List<SnapshotRow> known = snapshots.in(c, number);
        Optional<SnapshotRow> here = known.stream()
                .filter(row -> row.at().namespace().equals(namespace))
                .findFirst();
        if (here.isPresent()) {
            return here.get().id();
        }
        String key = known.isEmpty() ? recovered(number) : known.getFirst().key();
        SnapshotAddress at = free(c, new SnapshotAddress(namespace, driver.name(), key), number);
        record(c, driver, at, SnapshotKind.COMMITTED, parent, number, Map.of());
        return snapshots.find(c, at).orElseThrow().id();
    }

    private void record(
            Connection c,
            SnapshotDriver driver,
            SnapshotAddress at,
            SnapshotKind kind,
            long parent,
            long number,
            Map<String, String> labels)
            throws SQLException {
        Instant now = clock.instant();
        if (!directories.all(c, driver.name()).contains(number)) {
            directories.adopt(c, driver.name(), number);
        }
        snapshots.insert(c, at, kind, parent, number, now, labels);
    }

    /// The address, or one beside it when something else is recorded there.
    private SnapshotAddress free(Connection c, SnapshotAddress at, long number) throws SQLException {
        return snapshots.find(c, at).isEmpty() ? at : at.sibling(recovered(number));
    }

    private static String recovered(long number) {
        return "recovered-" + number;
    }

    /// Whose a mount is.
    private record Owner(String namespace, Optional<String> container) {
        static Owner of(Path point) {
            int count = point.getNameCount();
            if (count >= BUNDLE_DEPTH && point.endsWith("rootfs")) {
                try {
                    String namespace =
                            Identifier.check(point.getName(count - BUNDLE_DEPTH).toString());
                    return new Owner(
                            namespace,
                            Optional.of(
                                    Identifier.check(point.getName(count - 2).toString())));
                } catch (RuntimeException noBundle) {
                    return new Owner(NAMESPACE, Optional.empty());
                }
            }
            return new Owner(NAMESPACE, Optional.empty());
        }

        String key(long number) {
            return container.orElse(recovered(number));
        }
    }
}
