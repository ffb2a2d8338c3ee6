package io.slipway.snapshotter.meta;

import io.slipway.cas.filter.Fields;
import io.slipway.cas.filter.Filter;
import io.slipway.snapshotter.SnapshotInfo;
import io.slipway.snapshotter.SnapshotKind;
import io.slipway.snapshotter.SnapshotUsage;
import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/// Answers what is recorded, and changes labels.
final class Inspecting {
    private final Records records;
    private final Drivers drivers;

    Inspecting(Records records, Drivers drivers) {
        this.records = records;
        this.drivers = drivers;
    }

    SnapshotInfo stat(SnapshotAddress at) throws IOException {
        DriverSlot _ = drivers.slot(at.snapshotter());
        return records.read(c -> records.require(c, at)).info();
    }

    SnapshotInfo update(String namespace, String snapshotter, SnapshotInfo info, List<String> mask) throws IOException {
        DriverSlot _ = drivers.slot(snapshotter);
        SnapshotAddress at = new SnapshotAddress(namespace, snapshotter, info.name());
        return records.write(c -> {
            SnapshotRow row = records.require(c, at);
            Map<String, String> after = Labels.checked(Labels.updated(row.labels(), info.labels(), mask));
            var _ = Labels.ids(after);
            if (row.kind() == SnapshotKind.ACTIVE) {
                Labels.requireSameIds(at.key(), row.labels(), after);
            }
            records.snapshots().labels(c, row.id(), after);
            records.snapshots().touch(c, row.id(), records.now());
            return records.require(c, at).info();
        });
    }

    List<SnapshotInfo> list(String namespace, String snapshotter, List<String> filters) throws IOException {
        return list(snapshotter, filters, (c, each) -> records.snapshots().list(c, namespace, snapshotter, each));
    }

    List<SnapshotInfo> listOfProxies(String snapshotter, List<String> filters) throws IOException {
        return list(
                snapshotter,
                filters,
                (c, each) -> records.snapshots().all(c, row -> {
                    if (row.at().snapshotter().equals(snapshotter)
                            && ProxyKey.of(row.at()).isPresent()) {
                        each.accept(row);
                    }
                }));
    }

    private interface Rows {
        void each(Connection connection, Consumer<SnapshotRow> each) throws SQLException;
    }

    private List<SnapshotInfo> list(String snapshotter, List<String> filters, Rows rows) throws IOException {
        DriverSlot _ = drivers.slot(snapshotter);
        Filter filter = Filter.parse(filters);
        return records.read(c -> {
            List<SnapshotInfo> found = new ArrayList<>();
            rows.each(c, row -> {
                if (!row.lost() && filter.matches(path -> field(row, path))) {
                    found.add(row.info());
                }
            });
            return found;
        });
    }

    private static Optional<String> field(SnapshotRow row, List<String> path) {
        return switch (path.isEmpty() ? "" : path.getFirst()) {
            case "kind" -> Fields.text(row.kind().word(), path);
            case "name" -> Fields.text(row.key(), path);
            // Always there: `parent==""` asks for those without one.
            case "parent" -> path.size() == 1 ? Optional.of(row.parentKey()) : Optional.empty();
            case "labels" -> Fields.inMap(row.labels(), path);
            default -> Optional.empty();
        };
    }

    /// A committed layer does not change, so counting it when first asked gives what counting at commit had
    /// given.
    SnapshotUsage usage(SnapshotAddress at) throws IOException {
        DriverSlot slot = drivers.slot(at.snapshotter());
        List<SnapshotRow> chain = records.read(c -> records.snapshots().chain(c, records.require(c, at)));
        SnapshotRow row = chain.getFirst();
        List<Long> parents = Records.directoriesBelow(chain);
        if (row.kind() != SnapshotKind.COMMITTED) {
            return slot.driver().usage(row.dir(), parents);
        }
        Optional<SnapshotUsage> known = records.read(c -> records.directories().usage(c, row.dir()));
        if (known.isPresent()) {
            return known.get();
        }
        SnapshotUsage counted = slot.driver().usage(row.dir(), parents);
        records.write(c -> {
            records.directories().usage(c, row.dir(), counted);
            return null;
        });
        return counted;
    }
}
