package io.slipway.runtime;

/// Where a task is in its life: created, running, stopped; paused is a running task whose processes are frozen.
/// UNKNOWN is a task whose shim does not say.
public enum TaskState {
    UNKNOWN,
    CREATED,
    RUNNING,
    STOPPED,
    PAUSED,
    PAUSING
}
