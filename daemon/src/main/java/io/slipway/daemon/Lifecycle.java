package io.slipway.daemon;

import io.slipway.daemon.config.ConfigException;
import io.slipway.daemon.config.ConfigLoader.Loaded;
import io.slipway.daemon.config.Host;
import io.slipway.daemon.log.Logs;
import io.slipway.linux.Os;
import io.slipway.linux.SdNotify;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// One run of the daemon from the checked configuration to the exit code: start, tell that it is ready,
/// wait, stop.
final class Lifecycle {
    private static final Logger log = LoggerFactory.getLogger(Lifecycle.class);
    /// How long an orderly stop may take.
    static final Duration STOP_MAX = Duration.ofSeconds(10);

    private final Host host;
    private final Console console;
    private final Reread reread;

    /// Reads the configuration again as it was read at start.
    interface Reread {
        Loaded load() throws ConfigException;
    }

    Lifecycle(Host host, Console console, Reread reread) {
        this.host = host;
        this.console = console;
        this.reread = reread;
    }

    @SuppressWarnings("SystemExitOutsideMain") // a second signal, or a stop that hangs, ends the process then and there
    ExitCode run(Loaded loaded) throws StartException {
        Optional<SdNotify> manager = SdNotify.from(host.environment());
        AtomicReference<@Nullable Daemon> running = new AtomicReference<>();
        // Heard from here on, also while the daemon starts: it then stops in order as soon as it has started.
        Signals signals = Signals.listen(
                () -> reload(manager),
                () -> {
                    Daemon dumped = running.get();
                    if (dumped != null) {
                        ThreadDump.write(dumped.directories().tmp());
                    }
                },
                () -> {
                    log.warn("A second signal came, ending at once.");
                    Runtime.getRuntime().halt(ExitCode.FAILED.code());
                });
        Daemon daemon = Daemon.start(loaded.config(), host, Lifecycle::uptime);
        running.set(daemon);
        try {
            announce(daemon, manager);
            signals.awaitStop();
            return stop(daemon, manager);
        } catch (InterruptedException e) {
            throw new StartException(ExitCode.FAILED, "interrupted", e);
        } catch (IOException e) {
            throw new StartException(ExitCode.FAILED, "cannot announce readiness: " + e, e);
        } finally {
            daemon.close();
        }
    }

    private void announce(Daemon daemon, Optional<SdNotify> manager) throws IOException {
        ReadyFile ready = daemon.ready();
        ready.write(daemon.directories().state());
        ready.log(log);
        if (manager.isPresent()) {
            manager.get().ready();
        }
        Hints.print(ready, Installation.home(), console);
    }

    private static ExitCode stop(Daemon daemon, Optional<SdNotify> manager) throws IOException, InterruptedException {
        long began = System.nanoTime();
        log.info("Stopping.");
        if (manager.isPresent()) {
            manager.get().stopping();
        }
        Files.deleteIfExists(daemon.directories().state().resolve(ReadyFile.NAME));
        Thread closing = Thread.ofPlatform().daemon().name("stop").start(daemon::close);
        if (!closing.join(STOP_MAX)) {
            log.atError().addKeyValue("seconds", STOP_MAX.toSeconds()).log("Not stopped in time, ending at once.");
            Runtime.getRuntime().halt(ExitCode.FAILED.code());
        }
        log.atInfo()
                .addKeyValue("ms", Duration.ofNanos(System.nanoTime() - began).toMillis())
                .log("Stopped.");
        return ExitCode.STOPPED;
    }

    /// What can change while running is taken over, the rest needs a restart; a file with mistakes changes
    /// nothing.
    private void reload(Optional<SdNotify> manager) {
        try {
            if (manager.isPresent()) {
                manager.get().reloading();
            }
            Loaded loaded = reread.load();
            Logs.sink().ifPresent(sink -> sink.level(loaded.config().debug().level()));
            log.atInfo()
                    .addKeyValue("level", loaded.config().debug().level())
                    .log("Reloaded; other settings than the log level need a restart.");
        } catch (ConfigException e) {
            log.atError().addKeyValue("reason", e.getMessage()).log("Not reloaded.");
        } catch (IOException e) {
            log.atWarn().setCause(e).log("The service manager was not told.");
        } finally {
            readyAgain(manager);
        }
    }

    private static void readyAgain(Optional<SdNotify> manager) {
        try {
            if (manager.isPresent()) {
                manager.get().ready();
            }
        } catch (IOException e) {
            log.atWarn().setCause(e).log("The service manager was not told.");
        }
    }

    /// Since the process was made, launcher included; to the kernel's 10 ms.
    private static Duration uptime() {
        try {
            String sinceBoot = Files.readString(Path.of("/proc/uptime"));
            long nowCentis = Math.round(Double.parseDouble(sinceBoot.substring(0, sinceBoot.indexOf(' '))) * 100);
            long startCentis = Os.processStartTime((int) ProcessHandle.current().pid());
            return Duration.ofMillis(Math.max(0, nowCentis - startCentis) * 10);
        } catch (IOException e) {
            log.atDebug().setCause(e).log("The time since the start is not known.");
            return Duration.ZERO;
        }
    }
}
