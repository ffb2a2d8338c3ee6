package io.slipway.snapshotter.unpack;

import io.slipway.cas.Derived;
import io.slipway.linux.HasherProvider;
import io.slipway.snapshotter.LayerQuota;
import io.slipway.snapshotter.layer.Decompressors;
import io.slipway.snapshotter.layer.NoteMemory;
import io.slipway.snapshotter.layer.WorkGate;
import io.slipway.snapshotter.meta.LayerCommits;
import java.util.concurrent.Executor;

/// What layer jobs work with.
///
/// @param layers platform threads, one per layer that is being applied; FIFO
/// @param commits runs link steps and commits; never waits for `layers`
record UnpackTools(
        LayerCommits store,
        Decompressors decompressors,
        HasherProvider hashers,
        WorkGate gate,
        NoteMemory notes,
        LayerQuota quota,
        Derived derived,
        Executor layers,
        Executor commits) {}
