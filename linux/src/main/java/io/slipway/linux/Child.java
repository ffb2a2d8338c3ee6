package io.slipway.linux;

import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A started process, leader of its own process group. It is reaped whether or not anyone waits.
///
/// *Running* until its pidfd is readable, then *reaped* (by the poller's thread, which also moves the bytes of its
/// pipes: every step there is one call that doesn't block), then *done*: what lies in its pipes is taken, and the
/// result is out. A process it left behind that still holds a pipe delays nothing.
public final class Child implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Child.class);
    private static final int SIGKILL = 9;

    private final int pid;
    private final ChildSpec spec;
    private final PidFd process;
    private final Poller poller;
    private final CompletableFuture<ChildResult> result = new CompletableFuture<>();

    /// Guarded by `this`, as all below.
    private @Nullable Captured output;

    private @Nullable Captured errors;
    private @Nullable Feed input;
    private @Nullable Feed payload;
    private boolean reaped;
    private boolean timedOut;

    Child(int pid, ChildSpec spec, PidFd process, Poller poller) {
        this.pid = pid;
        this.spec = spec;
        this.process = process;
        this.poller = poller;
    }

    /// Takes our ends of the pipes over and begins to serve them, all but those that are a [Filter]'s.
    synchronized void begin(ChildPipes pipes) throws IOException {
        int max = switch (spec.output()) {
            case ChildSpec.Output.Combined(int maxBytes) -> maxBytes;
            case ChildSpec.Output.Separate(int maxBytes) -> maxBytes;
            case ChildSpec.Output.Streams(int maxErrorBytes) -> maxErrorBytes;
            case ChildSpec.Output.ToFile _, ChildSpec.Output.Discard _ -> 0;
        };
        boolean streams = isFilter();
        input = pipes.stdin == null || streams ? null : new Feed(pipes.stdin, spec.stdin(), poller, this::failed);
        payload = pipes.payload == null
                ? null
                : new Feed(pipes.payload, spec.payload().orElseThrow(), poller, this::failed);
        output = pipes.stdout == null || streams ? null : new Captured(pipes.stdout, max, false);
        errors = pipes.stderr == null ? null : new Captured(pipes.stderr, max, streams);
        try {
            step(input);
            step(payload);
            listen(output);
            listen(errors);
            poller.watch(process, Runnable::run, _ -> ended());
        } catch (IOException | RuntimeException e) {
            kill(pid, SIGKILL);
            finish(process.reap(true).orElseThrow());
            throw e;
        }
        limit();
    }

    public int pid() {
        return pid;
    }

    /// Waits for the end, at most until the spec's deadline (then the group is killed first). A virtual thread parks.
    /// An interrupt leaves the child running; close it to end it.
    public ChildResult await() throws InterruptedException {
        try {
            return result.get();
        } catch (ExecutionException e) {
            throw new IllegalStateException(e);
        }
    }

    /// The same as a future; never fails.
    public CompletableFuture<ChildResult> result() {
        return result.copy();
    }

    /// Sends a signal to the whole process group; once the child is reaped this does nothing.
    public synchronized void signalGroup(int signal) {
        if (!reaped) {
            kill(pid, signal);
        }
    }

    /// Kills the group unless the child has ended. Descriptors and the zombie are taken care of by themselves.
    @Override
    public void close() {
        signalGroup(SIGKILL);
    }

    /// For a child that nobody could take hold of.
    static void killAndReap(int pid) {
        kill(pid, SIGKILL);
        try (Scratch s = Scratch.take()) {
            // P_PID 1, WEXITED 4 (linux/wait.h)
            Sys.call(s, Nr.WAITID, 1, pid, 0, 4, 0);
        }
    }

    /// Whatever is left of the group may be gone already: no error is worth telling.
    private static void kill(int group, int signal) {
        try (Scratch s = Scratch.take()) {
            Sys.call(s, Nr.KILL, -(long) group, signal);
        }
    }

    private void limit() {
        if (spec.deadline().isZero()) {
            return;
        }
        CompletableFuture<ChildResult> _ = result.copy()
                .orTimeout(spec.deadline().toNanos(), TimeUnit.NANOSECONDS)
                .whenComplete((_, failure) -> {
                    if (failure instanceof TimeoutException) {
                        expire();
                    }
                });
    }

    private synchronized void expire() {
        timedOut = !reaped;
        signalGroup(SIGKILL);
    }

    private void listen(@Nullable Captured captured) throws IOException {
        if (captured != null) {
            poller.watch(captured.pipe(), Runnable::run, _ -> take(captured));
        }
    }

    /// One read per wake-up, so that a child that writes without end holds nobody up.
    private synchronized void take(Captured captured) {
        if (reaped) {
            return;
        }
        try {
            if (captured.take() < 0) {
                captured.pipe().close();
            } else {
                listen(captured);
            }
        } catch (IOException | RuntimeException e) {
            failed(e);
        }
    }

    private boolean isFilter() {
        return spec.output() instanceof ChildSpec.Output.Streams;
    }

    private static void step(@Nullable Feed feed) {
        if (feed != null) {
            feed.step();
        }
    }

    private static void end(@Nullable Feed feed) {
        if (feed != null) {
            feed.end();
        }
    }

    private void failed(Exception e) {
        LOG.atError().addKeyValue("command", spec).setCause(e).log("A child can't be served any more and is killed");
        kill(pid, SIGKILL);
    }

    private synchronized void ended() {
        try {
            if (isFilter()) {
                // Nobody else of its group is to hold the pipes. Until it is reaped, no other group has its number.
                kill(pid, SIGKILL);
            }
            process.reap(false).ifPresent(this::finish);
        } catch (IOException | RuntimeException e) {
            // Cannot be: it is our child, it is dead, and only we reap it.
            LOG.atError().addKeyValue("command", spec).setCause(e).log("A child could not be reaped");
            finish(new Exit.Signalled(SIGKILL));
        }
    }

    private synchronized void finish(Exit exit) {
        reaped = true;
        ChildResult all =
                new ChildResult(exit, rest(output), rest(errors), truncated(output) || truncated(errors), timedOut);
        end(input);
        end(payload);
        process.close();
        // Whoever waits for the future must not do so on the poller's thread.
        Thread.startVirtualThread(() -> result.complete(all));
    }

    private byte[] rest(@Nullable Captured captured) {
        if (captured == null) {
            return new byte[0];
        }
        poller.unwatch(captured.pipe());
        try (Pipe _ = captured.pipe()) {
            captured.drain();
        } catch (IOException e) {
            LOG.atWarn().addKeyValue("command", spec).setCause(e).log("The last output of a child is lost");
        }
        return captured.bytes();
    }

    private static boolean truncated(@Nullable Captured captured) {
        return captured != null && captured.truncated();
    }
}
