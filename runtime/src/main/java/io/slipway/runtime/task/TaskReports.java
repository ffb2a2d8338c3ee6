package io.slipway.runtime.task;

import com.google.protobuf.Timestamp;
import io.slipway.api.services.tasks.v1.GetResponse;
import io.slipway.api.services.tasks.v1.ListTasksResponse;
import io.slipway.api.services.tasks.v1.MetricsResponse;
import io.slipway.api.task.v2.StateResponse;
import io.slipway.api.task.v2.StatsRequest;
import io.slipway.api.task.v2.StatsResponse;
import io.slipway.api.types.Metric;
import io.slipway.api.v1.types.Process;
import io.slipway.cas.ApiException;
import io.slipway.cas.filter.Fields;
import io.slipway.cas.filter.Filter;
import io.slipway.runtime.RuntimeOptions.Timeouts;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// What is asked of one task or of all: states and figures. Shims are asked side by side, each within its limit, and
/// those that vanish meanwhile are left out.
public final class TaskReports {
    /// Shims asked at once for one list.
    private static final int PARALLEL = 64;

    /// What a client is told as it is; any other refusal of a shim makes a state UNKNOWN.
    private static final Set<ApiException.Code> PASSED_ON =
            EnumSet.of(ApiException.Code.DEADLINE_EXCEEDED, ApiException.Code.NOT_FOUND, ApiException.Code.UNAVAILABLE);

    private static final Logger log = LoggerFactory.getLogger(TaskReports.class);

    private final Timeouts timeouts;
    private final Clock clock;

    /// Asks shims within `timeouts`; `clock` stamps figures.
    public TaskReports(Timeouts timeouts, Clock clock) {
        this.timeouts = timeouts;
        this.clock = clock;
    }

    private interface Question<T> {
        Optional<T> ask(Task task) throws InterruptedException;
    }

    GetResponse get(Task task, String execId) throws InterruptedException {
        return GetResponse.newBuilder().setProcess(state(task, execId)).build();
    }

    ListTasksResponse list(String namespace, Collection<Task> tasks) throws InterruptedException {
        List<Process> processes = ask(namespace, tasks, task -> {
            try {
                return Optional.of(state(task, ""));
            } catch (ApiException e) {
                log.atDebug().addKeyValue("task", task).setCause(e).log("A task is left out of a list.");
                return Optional.empty();
            }
        });
        return ListTasksResponse.newBuilder().addAllTasks(processes).build();
    }

    MetricsResponse metrics(String namespace, Collection<Task> tasks, List<String> filters)
            throws InterruptedException {
        Filter filter = Filter.parse(filters);
        List<Task> wanted =
                tasks.stream().filter(task -> filter.matches(fields(task))).toList();
        return MetricsResponse.newBuilder()
                .addAllMetrics(ask(namespace, wanted, this::metric))
                .build();
    }

    private static <T> List<T> ask(String namespace, Collection<Task> tasks, Question<T> question)
            throws InterruptedException {
        Semaphore room = new Semaphore(PARALLEL);
        List<Future<Optional<T>>> answers = new ArrayList<>();
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (Task task : tasks) {
                if (task.bundle.namespace().equals(namespace)) {
                    answers.add(threads.submit(() -> {
                        room.acquire();
                        try {
                            return question.ask(task);
                        } finally {
                            room.release();
                        }
                    }));
                }
            }
        }
        List<T> found = new ArrayList<>();
        for (Future<Optional<T>> answer : answers) {
            try {
                answer.get().ifPresent(found::add);
            } catch (ExecutionException e) {
                throw new IllegalStateException(e);
            }
        }
        return found;
    }

    /// The process as clients see it. A shim that refuses for a reason of its own leaves the status UNKNOWN.
    private Process state(Task task, String execId) throws InterruptedException {
        String id = execId.isEmpty() ? task.bundle.id() : execId;
        StateResponse state;
        try {
            state = task.shim().state(execId, timeouts.taskState());
        } catch (ApiException e) {
            if (PASSED_ON.contains(e.code())) {
                throw e;
            }
            log.atWarn().addKeyValue("task", task).setCause(e).log("A shim does not say how its task is.");
            return Process.newBuilder().setId(id).build();
        }
        if (execId.isEmpty()) {
            task.lastState = TaskStates.of(state.getStatus());
        }
        Process.Builder process = Process.newBuilder()
                .setId(id)
                .setPid(state.getPid())
                .setStatus(state.getStatus())
                .setStdin(state.getStdin())
                .setStdout(state.getStdout())
                .setStderr(state.getStderr())
                .setTerminal(state.getTerminal())
                .setExitStatus(state.getExitStatus());
        if (ProcessExit.isSet(state.getExitedAt())) {
            process.setExitedAt(state.getExitedAt());
        }
        return process.build();
    }

    private Optional<Metric> metric(Task task) throws InterruptedException {
        try {
            StatsResponse stats = task.shim()
                    .call(
                            "Stats",
                            StatsRequest.newBuilder().setId(task.bundle.id()).build(),
                            StatsResponse.parser(),
                            timeouts.shimStats());
            Instant now = clock.instant();
            return Optional.of(Metric.newBuilder()
                    .setId(task.bundle.id())
                    .setTimestamp(Timestamp.newBuilder()
                            .setSeconds(now.getEpochSecond())
                            .setNanos(now.getNano()))
                    .setData(stats.getStats())
                    .build());
        } catch (ApiException e) {
            log.atDebug().addKeyValue("task", task).setCause(e).log("A task has no figures.");
            return Optional.empty();
        }
    }

    private static Fields fields(Task task) {
        return path -> switch (path.getFirst()) {
            case "id" -> Fields.text(task.bundle.id(), path);
            case "namespace" -> Fields.text(task.bundle.namespace(), path);
            default -> Optional.empty();
        };
    }
}
