package io.slipway.daemon.cli;

import com.google.protobuf.Empty;
import io.slipway.api.services.tasks.v1.CreateTaskRequest;
import io.slipway.api.services.tasks.v1.CreateTaskResponse;
import io.slipway.api.services.tasks.v1.DeleteResponse;
import io.slipway.api.services.tasks.v1.GetResponse;
import io.slipway.api.services.tasks.v1.ListTasksResponse;
import io.slipway.api.services.tasks.v1.StartResponse;
import io.slipway.api.services.tasks.v1.TasksGrpcService;
import io.slipway.api.services.tasks.v1.WaitResponse;
import io.slipway.api.v1.types.Process;
import io.slipway.api.v1.types.Status;
import io.slipway.cas.ApiException;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;

/// Tasks whose process is a piece of test code.
final class FakeTasks {
    final Map<String, Task> tasks = new ConcurrentHashMap<>();
    final List<String> kills = new CopyOnWriteArrayList<>();
    volatile Program program = (_, _) -> 0;
    volatile Program onCreate = (_, _) -> 0;

    /// Stands for the process; its result is the exit status.
    interface Program {
        int run(CreateTaskRequest request, Task task) throws IOException, InterruptedException;
    }

    /// One task.
    static final class Task {
        final CreateTaskRequest request;
        final CompletableFuture<Integer> exit = new CompletableFuture<>();
        final CompletableFuture<Void> stdinClosed = new CompletableFuture<>();
        volatile Status status = Status.CREATED;

        Task(CreateTaskRequest request) {
            this.request = request;
        }

        Process process() {
            return Process.newBuilder()
                    .setId(request.getContainerId())
                    .setPid(4711)
                    .setStatus(status)
                    .setExitStatus(exit.isDone() ? exit.join() : 0)
                    .build();
        }

        void end(int code) {
            status = Status.STOPPED;
            exit.complete(code);
        }
    }

    FakeTasks(FakeDaemon daemon) {
        daemon.services.unary(TasksGrpcService.Create, (_, request) -> {
            Task task = new Task(request);
            var _ = onCreate.run(request, task);
            tasks.put(request.getContainerId(), task);
            return CreateTaskResponse.newBuilder().setPid(4711).build();
        });
        daemon.services.unary(TasksGrpcService.Start, (_, request) -> {
            Task task = found(request.getContainerId());
            task.status = Status.RUNNING;
            Thread.ofPlatform().daemon().start(() -> {
                try {
                    task.end(program.run(task.request, task));
                } catch (IOException | InterruptedException e) {
                    task.exit.completeExceptionally(e);
                }
            });
            return StartResponse.newBuilder().setPid(4711).build();
        });
        daemon.services.unary(TasksGrpcService.Wait, (_, request) -> {
            try {
                return WaitResponse.newBuilder()
                        .setExitStatus(found(request.getContainerId()).exit.get())
                        .build();
            } catch (ExecutionException e) {
                throw new IOException(e);
            }
        });
        daemon.services.unary(TasksGrpcService.Kill, (_, request) -> {
            Task task = found(request.getContainerId());
            kills.add(request.getContainerId() + " " + request.getSignal());
            if (request.getSignal() == Signals.KILL) {
                task.end(137);
            }
            return Empty.getDefaultInstance();
        });
        daemon.services.unary(TasksGrpcService.CloseIO, (_, request) -> {
            found(request.getContainerId()).stdinClosed.complete(null);
            return Empty.getDefaultInstance();
        });
        daemon.services.unary(
                TasksGrpcService.Get,
                (_, request) -> GetResponse.newBuilder()
                        .setProcess(found(request.getContainerId()).process())
                        .build());
        daemon.services.unary(
                TasksGrpcService.List,
                (_, _) -> ListTasksResponse.newBuilder()
                        .addAllTasks(tasks.values().stream().map(Task::process).toList())
                        .build());
        daemon.services.unary(TasksGrpcService.Delete, (_, request) -> {
            if (found(request.getContainerId()).status == Status.RUNNING) {
                throw new ApiException(ApiException.Code.UNKNOWN, "cannot delete a running process");
            }
            tasks.remove(request.getContainerId());
            return DeleteResponse.getDefaultInstance();
        });
    }

    private Task found(String id) {
        return FakeDaemon.found(tasks, id, "task");
    }
}
