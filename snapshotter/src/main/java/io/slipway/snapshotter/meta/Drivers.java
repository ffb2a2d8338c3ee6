package io.slipway.snapshotter.meta;

import io.slipway.cas.ApiException;
import io.slipway.snapshotter.SnapshotDriver;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// The loaded drivers by the names of their snapshotters. Immutable.
final class Drivers {
    private final Map<String, DriverSlot> slots = new LinkedHashMap<>();
    private final Map<String, String> off;

    /// @param off those that can't be used here, and why
    Drivers(List<SnapshotDriver> drivers, Map<String, String> off, Records records, Surroundings around) {
        this.off = Map.copyOf(off);
        for (SnapshotDriver driver : drivers) {
            slots.put(driver.name(), new DriverSlot(driver, records, around));
        }
    }

    /// The driver of that name; INVALID_ARGUMENT when there is none.
    DriverSlot slot(String snapshotter) {
        if (snapshotter.isEmpty()) {
            throw new ApiException(
                    ApiException.Code.INVALID_ARGUMENT, "snapshotter argument missing: invalid argument");
        }
        DriverSlot slot = slots.get(snapshotter);
        if (slot == null) {
            String why = off.get(snapshotter);
            throw ApiException.invalid("snapshotter not loaded: " + snapshotter + (why == null ? "" : ": " + why));
        }
        return slot;
    }

    Collection<DriverSlot> all() {
        return Collections.unmodifiableCollection(slots.values());
    }

    List<String> names() {
        return List.copyOf(slots.keySet());
    }
}
