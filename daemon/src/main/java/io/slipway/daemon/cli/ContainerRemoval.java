package io.slipway.daemon.cli;

import io.slipway.api.services.containers.v1.Container;
import io.slipway.api.services.containers.v1.ContainersGrpcClient;
import io.slipway.api.services.containers.v1.DeleteContainerRequest;
import io.slipway.api.services.containers.v1.GetContainerRequest;
import io.slipway.api.services.snapshots.v1.RemoveSnapshotRequest;
import io.slipway.api.services.snapshots.v1.SnapshotsGrpcClient;
import io.slipway.api.services.tasks.v1.DeleteTaskRequest;
import io.slipway.api.services.tasks.v1.GetRequest;
import io.slipway.api.services.tasks.v1.KillRequest;
import io.slipway.api.services.tasks.v1.ResumeTaskRequest;
import io.slipway.api.services.tasks.v1.TasksGrpcClient;
import io.slipway.api.services.tasks.v1.WaitRequest;
import io.slipway.api.services.tasks.v1.WaitResponse;
import io.slipway.api.v1.types.Status;
import io.vertx.grpc.common.GrpcStatus;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;

/// Takes a container away: task, snapshot, record, pipes. Each step may be done already.
final class ContainerRemoval {
    private static final Duration DEAD_WITHIN = Duration.ofSeconds(20);

    private final Connection connection;
    private final Globals globals;

    ContainerRemoval(Connection connection, Globals globals) {
        this.connection = connection;
        this.globals = globals;
    }

    /// Removes the container `id`.
    ///
    /// @param force kill it first when it runs
    void remove(String id, boolean force) throws CallFailed, CommandFailed, IOException, InterruptedException {
        Container container = connection
                .call(
                        ContainersGrpcClient.Get,
                        GetContainerRequest.newBuilder().setId(id).build())
                .getContainer();
        Optional<Status> status = status(id);
        if (status.isPresent() && isLive(status.get())) {
            if (!force) {
                throw new CommandFailed(
                        ExitCode.FAILED, id, "the container is running", "use `slipway kill` first, or rm -f");
            }
            kill(id, status.get());
        }
        if (status.isPresent()) {
            removeTask(id);
        }
        if (!container.getSnapshotter().isEmpty() && !container.getSnapshotKey().isEmpty()) {
            removeSnapshot(container.getSnapshotter(), container.getSnapshotKey());
        }
        removeRecord(id);
        ContainerFifos.remove(globals, id);
    }

    private static boolean isLive(Status status) {
        return status != Status.STOPPED && status != Status.CREATED;
    }

    private Optional<Status> status(String id) throws CallFailed, CommandFailed, InterruptedException {
        try {
            return Optional.of(connection
                    .call(
                            TasksGrpcClient.Get,
                            GetRequest.newBuilder().setContainerId(id).build())
                    .getProcess()
                    .getStatus());
        } catch (CallFailed e) {
            if (e.status() == GrpcStatus.NOT_FOUND) {
                return Optional.empty();
            }
            throw e;
        }
    }

    /// Kills all processes of the task and waits for the end of its first one.
    void kill(String id, Status status) throws CallFailed, CommandFailed, InterruptedException {
        if (status == Status.PAUSED || status == Status.PAUSING) {
            // A frozen process does not die.
            unlessGone(() -> connection.call(
                    TasksGrpcClient.Resume,
                    ResumeTaskRequest.newBuilder().setContainerId(id).build()));
        }
        try (Exchange<WaitRequest, WaitResponse> exit = connection.stream(
                TasksGrpcClient.Wait,
                WaitRequest.newBuilder().setContainerId(id).build())) {
            unlessGone(() -> connection.call(
                    TasksGrpcClient.Kill,
                    KillRequest.newBuilder()
                            .setContainerId(id)
                            .setSignal(Signals.KILL)
                            .setAll(true)
                            .build()));
            unlessGone(() -> exit.only(DEAD_WITHIN));
        }
    }

    void removeTask(String id) throws CallFailed, CommandFailed, InterruptedException {
        unlessGone(() -> connection.call(
                TasksGrpcClient.Delete,
                DeleteTaskRequest.newBuilder().setContainerId(id).build()));
    }

    void removeSnapshot(String snapshotter, String key) throws CallFailed, CommandFailed, InterruptedException {
        unlessGone(() -> connection.call(
                SnapshotsGrpcClient.Remove,
                RemoveSnapshotRequest.newBuilder()
                        .setSnapshotter(snapshotter)
                        .setKey(key)
                        .build()));
    }

    void removeRecord(String id) throws CallFailed, CommandFailed, InterruptedException {
        unlessGone(() -> connection.call(
                ContainersGrpcClient.Delete,
                DeleteContainerRequest.newBuilder().setId(id).build()));
    }

    private interface Step {
        Object take() throws CallFailed, CommandFailed, InterruptedException;
    }

    private static void unlessGone(Step step) throws CallFailed, CommandFailed, InterruptedException {
        try {
            Object _ = step.take();
        } catch (CallFailed e) {
            if (e.status() != GrpcStatus.NOT_FOUND) {
                throw e;
            }
        }
    }
}
