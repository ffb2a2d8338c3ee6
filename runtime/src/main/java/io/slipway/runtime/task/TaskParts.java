package io.slipway.runtime.task;

import io.slipway.cas.Metadata;
import io.slipway.linux.Poller;
import io.slipway.runtime.EventExchange;
import io.slipway.runtime.RuntimeOptions;
import io.slipway.runtime.container.Containers;
import io.slipway.runtime.shim.Bundles;
import io.slipway.runtime.shim.KernelPool;
import io.slipway.runtime.shim.ShimBinaries;
import io.slipway.runtime.shim.ShimCommands;
import io.slipway.runtime.shim.ShimRemains;
import java.time.Clock;

/// What [Tasks] works with. All of it belongs to the caller.
public record TaskParts(
        RuntimeOptions options,
        Metadata metadata,
        Containers containers,
        EventExchange events,
        Bundles bundles,
        ShimBinaries binaries,
        ShimCommands commands,
        ShimRemains remains,
        KernelPool kernel,
        Poller poller,
        Clock clock) {}
