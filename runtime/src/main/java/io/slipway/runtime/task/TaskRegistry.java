package io.slipway.runtime.task;

import io.slipway.cas.ApiException;
import io.slipway.runtime.TaskState;
import java.util.Collection;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/// The tasks by name. A name is taken from the first step of Create until the last file of the task is gone.
final class TaskRegistry {
    /// Tasks at once; each costs a process, two sockets and a FIFO.
    static final int TASKS_MAX = 8192;

    private final Map<TaskKey, Task> tasks = new ConcurrentHashMap<>();

    /// Takes the name of `task`.
    ///
    /// @throws ApiException ALREADY_EXISTS, RESOURCE_EXHAUSTED
    void add(Task task) {
        if (tasks.size() >= TASKS_MAX) {
            throw new ApiException(ApiException.Code.RESOURCE_EXHAUSTED, "too many tasks: " + TASKS_MAX);
        }
        if (tasks.putIfAbsent(task.key(), task) != null) {
            throw ApiException.alreadyExists("task " + task.bundle.id());
        }
    }

    void remove(Task task) {
        tasks.remove(task.key(), task);
    }

    /// The task of that name, if it can be asked for.
    ///
    /// @throws ApiException NOT_FOUND
    Task live(String namespace, String id) {
        Task task = tasks.get(new TaskKey(namespace, id));
        if (task == null || task.phase != Task.Phase.LIVE) {
            throw absent(id);
        }
        return task;
    }

    static ApiException absent(String id) {
        return new ApiException(ApiException.Code.NOT_FOUND, "task " + id + " not found");
    }

    Optional<Task> find(TaskKey key) {
        return Optional.ofNullable(tasks.get(key));
    }

    boolean isTaken(TaskKey key) {
        return tasks.containsKey(key);
    }

    Collection<Task> all() {
        return List.copyOf(tasks.values());
    }

    Set<TaskKey> keys() {
        return Set.copyOf(tasks.keySet());
    }

    Map<TaskState, Long> counts() {
        Map<TaskState, Long> counts = new EnumMap<>(TaskState.class);
        tasks.values().forEach(task -> counts.merge(task.lastState, 1L, Long::sum));
        return counts;
    }
}
