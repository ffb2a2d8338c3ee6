package io.slipway.runtime.task;

import java.util.concurrent.CompletableFuture;

/// The init process of a task, or one added to it.
///
/// Its exit is observed once, by one pending Wait to the shim, and everybody who asks shares what came of it: those
/// who asked before it started as well as those who ask later.
final class TaskProcess {
    /// Empty for the init process.
    final String execId;

    /// Completes with the exit; never fails.
    final CompletableFuture<ProcessExit> exit = new CompletableFuture<>();

    /// 0 until known.
    volatile int pid;

    TaskProcess(String execId) {
        this.execId = execId;
    }
}
