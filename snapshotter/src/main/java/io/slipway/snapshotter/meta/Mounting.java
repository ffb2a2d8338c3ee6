package io.slipway.snapshotter.meta;

import io.slipway.cas.ApiException;
import io.slipway.linux.Errno;
import io.slipway.linux.LinuxException;
import io.slipway.linux.Mount;
import io.slipway.snapshotter.SnapshotKind;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Says how snapshots are mounted, once everything below them is sound.
final class Mounting {
    private final Records records;
    private final Drivers drivers;
    private volatile Healer healer = (_, _, layers) -> {
        throw new IOException(layers.size() + " layers are to be unpacked again, and nothing here can");
    };

    Mounting(Records records, Drivers drivers) {
        this.records = records;
        this.drivers = drivers;
    }

    void healWith(Healer other) {
        this.healer = other;
    }

    List<Mount> mounts(SnapshotAddress at) throws IOException {
        DriverSlot slot = drivers.slot(at.snapshotter());
        List<SnapshotRow> chain = chain(at);
        if (chain.getFirst().kind() == SnapshotKind.COMMITTED) {
            throw ApiException.failedPrecondition("snapshot \"" + at.key() + "\" is committed and can't be mounted");
        }
        Optional<SnapshotRow> damaged = firstLost(chain);
        if (damaged.isPresent()) {
            heal(damaged.get());
            chain = chain(at);
            if (firstLost(chain).isPresent()) {
                throw lost(damaged.get().key());
            }
        }
        SnapshotRow row = chain.getFirst();
        try {
            return slot.driver()
                    .mounts(row.kind(), row.dir(), Records.directoriesBelow(chain), Labels.ids(row.labels()));
        } catch (LinuxException e) {
            if (e.errno() != Errno.ENOENT) {
                throw e;
            }
            ApiException told = Records.gone(at.key());
            told.addSuppressed(e);
            throw told;
        }
    }

    private List<SnapshotRow> chain(SnapshotAddress at) throws IOException {
        return records.read(c -> {
            SnapshotRow row = records.require(c, at);
            records.refuseTorn(c, row);
            return records.snapshots().chain(c, row);
        });
    }

    private static Optional<SnapshotRow> firstLost(List<SnapshotRow> chain) {
        return chain.stream().filter(SnapshotRow::lost).findFirst();
    }

    /// Unpacks `top`, which is lost, and what is lost below it again.
    private void heal(SnapshotRow top) throws IOException {
        List<LayerSource> sources = records.read(c -> {
            List<LayerSource> bottomFirst = new ArrayList<>();
            for (SnapshotRow row : records.snapshots().chain(c, top).reversed()) {
                bottomFirst.add(records.directories().source(c, row.dir()).orElseThrow(() -> lost(row.key())));
            }
            return bottomFirst;
        });
        try {
            healer.heal(top.at().namespace(), top.at().snapshotter(), sources);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ApiException(ApiException.Code.CANCELLED, "unpacking " + top.key() + " again was cancelled", e);
        } catch (IOException e) {
            ApiException told = lost(top.key());
            told.addSuppressed(e);
            throw told;
        }
    }

    private static ApiException lost(String key) {
        return ApiException.failedPrecondition("snapshot \"" + key
                + "\" was not on disk when the machine went down, and could not be unpacked again; pull its image");
    }
}
