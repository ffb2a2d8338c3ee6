package io.slipway.runtime;

import java.util.Map;

/// How many containers and tasks there are, for metrics. Cheap enough for every scrape; a task counts
/// under the state last heard of it.
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
