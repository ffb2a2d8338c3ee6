package io.slipway.daemon.cli;

import io.slipway.api.services.tasks.v1.CreateTaskRequest;
import io.slipway.api.services.tasks.v1.StartRequest;
import io.slipway.api.services.tasks.v1.TasksGrpcClient;
import io.slipway.api.types.Mount;
import io.slipway.api.v1.types.Status;
import java.time.Duration;
import java.util.List;

/// Creates and starts the task of a container, and tells a command that cannot be run from a runtime that cannot.
final class TaskStart {
    /// Above the shim's own limits for these calls.
    private static final Duration CREATED_WITHIN = Duration.ofSeconds(90);

    private final Connection connection;
    private final Globals globals;
    private final Undo undo;

    TaskStart(Connection connection, Globals globals, Undo undo) {
        this.connection = connection;
        this.globals = globals;
        this.undo = undo;
    }

    /// Where a task's streams go.
    record Stdio(String stdin, String stdout, String stderr) {}

    void create(String id, List<Mount> rootfs, Stdio stdio) throws CommandFailed, InterruptedException {
        CreateTaskRequest request = CreateTaskRequest.newBuilder()
                .setContainerId(id)
                .addAllRootfs(rootfs)
                .setStdin(stdio.stdin())
                .setStdout(stdio.stdout())
                .setStderr(stdio.stderr())
                .build();
        // Also when the answer never comes: the daemon may have got far.
        undo.push("task " + id, () -> {
            ContainerRemoval removal = new ContainerRemoval(connection, globals);
            removal.kill(id, Status.RUNNING);
            removal.removeTask(id);
        });
        try {
            connection.call(TasksGrpcClient.Create, request, CREATED_WITHIN);
        } catch (CallFailed e) {
            throw notStarted(id, e);
        }
    }

    void start(String id) throws CommandFailed, InterruptedException {
        try {
            connection.call(
                    TasksGrpcClient.Start,
                    StartRequest.newBuilder().setContainerId(id).build(),
                    CREATED_WITHIN);
        } catch (CallFailed e) {
            throw notStarted(id, e);
        }
    }

    private static CommandFailed notStarted(String id, CallFailed e) {
        int code = RunExit.ofStartFailure(e.text());
        String todo = switch (code) {
            case RunExit.COMMAND_NOT_FOUND -> "check the command and the image's PATH";
            case RunExit.NOT_EXECUTABLE -> "check the file's mode and format";
            default -> "see the daemon's log";
        };
        return e.about(id, todo).withExitCode(code);
    }
}
