package io.slipway.cas.file;

import io.slipway.cas.Recording;
import io.slipway.linux.HasherProvider;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.Executor;
import java.util.concurrent.ScheduledExecutorService;

/// What every arrival works with.
///
/// @param timer runs only short things
/// @param tmp where removed files are put before they are unlinked
/// @param recording when what has landed of an arrival is synced
/// @param bootId names this boot of the machine, empty when unknown
record Workshop(
        ContentLayout layout,
        Disk disk,
        Path tmp,
        BlobLedger ledger,
        HasherProvider hashers,
        Executor bytes,
        DirectBuffers buffers,
        Writeback writeback,
        ScheduledExecutorService timer,
        Duration grace,
        Recording recording,
        String bootId,
        Holds holds,
        Doubts doubts) {}
