package io.slipway.runtime.task;

import io.slipway.api.v1.types.Status;
import io.slipway.runtime.TaskState;

/// The states of tasks on the wire and for metrics.
final class TaskStates {
    private TaskStates() {}

    static TaskState of(Status status) {
        return switch (status) {
            case CREATED -> TaskState.CREATED;
            case RUNNING -> TaskState.RUNNING;
            case STOPPED -> TaskState.STOPPED;
            case PAUSED -> TaskState.PAUSED;
            case PAUSING -> TaskState.PAUSING;
            case UNKNOWN, UNRECOGNIZED -> TaskState.UNKNOWN;
        };
    }
}
