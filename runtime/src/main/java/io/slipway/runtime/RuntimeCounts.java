package io.slipway.runtime;

import java.util.Map;

/// How many containers and tasks there are, for metrics. Taken from memory: cheap enough for every scrape, and a task
/// that a shim reported nothing about yet counts under its last known state.
///
/// @param containers container records by namespace
/// @param tasks tasks by state, over all namespaces; states without a task are absent
public record RuntimeCounts(Map<String, Long> containers, Map<TaskState, Long> tasks) {
    /// Copies the maps.
    public RuntimeCounts {
        containers = Map.copyOf(containers);
        tasks = Map.copyOf(tasks);
    }
}
