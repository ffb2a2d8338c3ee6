package io.slipway.snapshotter.meta;

import io.slipway.cas.Collector;
import io.slipway.cas.Events;
import io.slipway.cas.Leases;
import io.slipway.cas.Metadata;
import io.slipway.cas.Namespaces;
import java.time.Clock;
import java.util.concurrent.Executor;

/// What snapshots work with.
///
/// @param boot id of this boot of the machine
/// @param background runs removal of trees and syncs; at least two threads, as a sync may take long
/// @param syncBeforeCommit whether a commit waits until the files are on disk
/// @param shared whether a layer unpacked in one namespace may serve another
public record Surroundings(
        Metadata metadata,
        Leases leases,
        Namespaces namespaces,
        Collector collector,
        Events events,
        Clock clock,
        String boot,
        Executor background,
        boolean syncBeforeCommit,
        boolean shared) {}
