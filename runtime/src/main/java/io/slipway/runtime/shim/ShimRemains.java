package io.slipway.runtime.shim;

import io.slipway.cas.ApiException;
import io.slipway.linux.PidFd;
import io.slipway.linux.Poller;
import io.slipway.linux.UnixSockets;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// What of a shim outlives its use: the process, and the socket file that one killed leaves behind.
public final class ShimRemains {
    /// From the answer to Shutdown to the end of the process.
    private static final Duration EXIT_LIMIT = Duration.ofSeconds(1);

    private static final int SIGKILL = 9;
    private static final Logger log = LoggerFactory.getLogger(ShimRemains.class);

    private final Duration shutdownLimit;
    private final Poller poller;

    /// @param shutdownLimit for a shim to answer Shutdown
    public ShimRemains(Duration shutdownLimit, Poller poller) {
        this.shutdownLimit = shutdownLimit;
        this.poller = poller;
    }

    /// Asks the shim to go, as after a Delete in order.
    public void shutdown(ShimClient shim) {
        try {
            shim.shutdown(shutdownLimit);
        } catch (ApiException e) {
            log.atWarn().addKeyValue("shim", shim.shimPid()).setCause(e).log("A shim did not take its leave.");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /// Sees to it that the shim goes, as after a Create that failed.
    ///
    /// @param shared when it serves other tasks as well: then it is only asked
    public void end(ShimClient shim, boolean shared) {
        if (shim.shimPid() <= 1 || shim.shimPid() == ProcessHandle.current().pid()) {
            shutdown(shim); // a pid that no shim has; nothing is killed on such a word
            return;
        }
        try (PidFd process = PidFd.open(shim.shimPid())) { // while connected, the pid is the shim's
            shutdown(shim);
            shim.close();
            if (!shared && !ended(process)) {
                log.atWarn().addKeyValue("shim", shim.shimPid()).log("A shim did not end by itself and is killed.");
                process.signal(SIGKILL);
                ended(process);
            }
        } catch (IOException e) {
            log.atDebug().addKeyValue("shim", shim.shimPid()).setCause(e).log("A shim was gone already.");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private boolean ended(PidFd process) throws IOException, InterruptedException {
        CompletableFuture<Boolean> ended = new CompletableFuture<>();
        poller.watch(process, Runnable::run, _ -> ended.complete(true));
        try {
            return ended.get(EXIT_LIMIT.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            return false;
        } catch (ExecutionException e) {
            throw new IllegalStateException(e);
        } finally {
            poller.unwatch(process);
        }
    }

    /// Removes the socket of the bundle's shim if nobody listens on it any more.
    public void removeSocket(Bundle bundle) {
        try {
            Optional<ShimAddress> address = bundle.address();
            if (address.isEmpty()) {
                return;
            }
            Path socket = address.get().socket();
            if (isSocket(socket) && !UnixSockets.answers(socket)) {
                Files.deleteIfExists(socket);
            }
        } catch (IOException | ApiException e) {
            log.atDebug().addKeyValue("task", bundle.id()).setCause(e).log("The socket of a shim was not looked at.");
        }
    }

    private static boolean isSocket(Path path) throws IOException {
        return Files.exists(path, LinkOption.NOFOLLOW_LINKS)
                && Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
                        .isOther();
    }
}
