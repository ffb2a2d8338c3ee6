package io.slipway.daemon;

import io.slipway.cas.Cas;
import io.slipway.daemon.config.Config;
import io.slipway.daemon.config.Host;
import io.slipway.linux.ChildLimits;
import io.slipway.linux.Mounts;
import io.slipway.linux.Poller;
import io.slipway.linux.Spawner;
import io.slipway.runtime.EventExchange;
import io.slipway.runtime.Runtime;
import io.slipway.runtime.RuntimeOptions;
import java.io.IOException;
import java.net.BindException;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.concurrent.Executor;

/// The runtime and what it needs of the kernel.
final class RuntimePart {
    /// Soft limit on open files before the JVM raised it, told by the launcher: what containers are to
    /// start with.
    private static final String OPEN_FILES = "slipway.nofile";

    private RuntimePart() {}

    static Runtime open(
            Closing closing, Config config, Host host, Cas cas, EventExchange events, Executor kernelThreads)
            throws IOException, StartException {
        Poller poller = closing.add("poller", Poller.start("poller"));
        Spawner spawner = new Spawner(poller, new ChildLimits(openFiles(), OptionalInt.empty()));
        Path home = Installation.home();
        RuntimeOptions options = new RuntimeOptions(
                config.root(),
                config.state(),
                config.grpc().address().toString(),
                home.resolve("bin/slipwayd"),
                List.of(home.resolve("bin")),
                host.environment(),
                RuntimeOptions.Timeouts.defaults());
        try {
            return closing.add(
                    "runtime", Runtime.open(options, cas, events, spawner, poller, Mounts.system(), kernelThreads));
        } catch (BindException e) {
            throw new StartException(
                    ExitCode.IN_USE,
                    "address " + config.grpc().ttrpc() + ": somebody answers there; stop that daemon or name another"
                            + " path with --address",
                    e);
        }
    }

    static OptionalLong openFiles() {
        String told = System.getProperty(OPEN_FILES, "");
        return told.matches("[0-9]{1,18}") ? OptionalLong.of(Long.parseLong(told)) : OptionalLong.empty();
    }
}
