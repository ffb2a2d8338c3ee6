package io.slipway.runtime.task;

import java.util.concurrent.CompletableFuture;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Work that has to come to its end whether or not the client that caused it still waits: a thread of its own, which
/// nobody interrupts.
final class Detached {
    private static final Logger log = LoggerFactory.getLogger(Detached.class);

    interface Work {
        void run() throws InterruptedException;
    }

    private Detached() {}

    /// Starts `work` and returns; what goes wrong in it is logged.
    static void start(String name, Work work) {
        Thread.ofVirtual().name(name).start(() -> run(name, work));
    }

    /// Runs `work` to its end, also when the calling thread is interrupted meanwhile.
    static void finish(String name, Work work) {
        CompletableFuture<Boolean> over = new CompletableFuture<>();
        Thread.ofVirtual().name(name).start(() -> {
            try {
                run(name, work);
            } finally {
                over.complete(true);
            }
        });
        over.join(); // does not listen to interrupts
    }

    private static void run(String name, Work work) {
        try {
            work.run();
        } catch (InterruptedException | RuntimeException e) {
            log.atError().addKeyValue("work", name).setCause(e).log("Work on a task failed unexpectedly.");
        }
    }
}
