package io.slipway.runtime.task;

import com.google.protobuf.Empty;
import com.google.protobuf.Message;
import io.slipway.api.runc.v1.CheckpointOptions;
import io.slipway.api.services.tasks.v1.CheckpointTaskRequest;
import io.slipway.api.services.tasks.v1.CheckpointTaskResponse;
import io.slipway.api.services.tasks.v1.CloseIORequest;
import io.slipway.api.services.tasks.v1.CreateTaskRequest;
import io.slipway.api.services.tasks.v1.CreateTaskResponse;
import io.slipway.api.services.tasks.v1.DeleteProcessRequest;
import io.slipway.api.services.tasks.v1.DeleteResponse;
import io.slipway.api.services.tasks.v1.DeleteTaskRequest;
import io.slipway.api.services.tasks.v1.ExecProcessRequest;
import io.slipway.api.services.tasks.v1.KillRequest;
import io.slipway.api.services.tasks.v1.ListPidsRequest;
import io.slipway.api.services.tasks.v1.ListPidsResponse;
import io.slipway.api.services.tasks.v1.PauseTaskRequest;
import io.slipway.api.services.tasks.v1.ResizePtyRequest;
import io.slipway.api.services.tasks.v1.ResumeTaskRequest;
import io.slipway.api.services.tasks.v1.StartRequest;
import io.slipway.api.services.tasks.v1.StartResponse;
import io.slipway.api.services.tasks.v1.TasksGrpcService;
import io.slipway.api.services.tasks.v1.UpdateTaskRequest;
import io.slipway.api.services.tasks.v1.WaitRequest;
import io.slipway.api.services.tasks.v1.WaitResponse;
import io.slipway.api.task.v2.PauseRequest;
import io.slipway.api.task.v2.PidsRequest;
import io.slipway.api.task.v2.PidsResponse;
import io.slipway.api.task.v2.ResumeRequest;
import io.slipway.cas.ApiException;
import io.slipway.cas.Identifier;
import io.slipway.cas.grpc.Anys;
import io.slipway.cas.grpc.Call;
import io.slipway.cas.grpc.GrpcServices;
import io.slipway.runtime.TaskState;
import java.io.IOException;

/// The Tasks service of containerd's API: most calls find the task and hand the request to its shim.
public final class TasksGrpc {
    private final Tasks tasks;
    private final TaskReports reports;

    /// Serves `tasks`.
    public TasksGrpc(Tasks tasks, TaskReports reports) {
        this.tasks = tasks;
        this.reports = reports;
    }

    /// Binds every method.
    public void bind(GrpcServices services) {
        services.unary(TasksGrpcService.Create, this::create);
        services.unary(TasksGrpcService.Start, this::start);
        services.unary(TasksGrpcService.Delete, this::delete);
        services.unary(TasksGrpcService.DeleteProcess, this::deleteProcess);
        services.unary(TasksGrpcService.Kill, this::kill);
        services.unary(TasksGrpcService.Exec, this::exec);
        services.unary(TasksGrpcService.ResizePty, this::resizePty);
        services.unary(TasksGrpcService.CloseIO, this::closeIo);
        services.unary(TasksGrpcService.Pause, this::pause);
        services.unary(TasksGrpcService.Resume, this::resume);
        services.unary(TasksGrpcService.ListPids, this::listPids);
        services.unary(TasksGrpcService.Checkpoint, this::checkpoint);
        services.unary(TasksGrpcService.Update, this::update);
        services.unary(TasksGrpcService.Wait, this::await);
        services.unary(
                TasksGrpcService.Get,
                (call, request) ->
                        reports.get(tasks.find(call.namespace(), request.getContainerId()), request.getExecId()));
        services.unary(TasksGrpcService.List, (call, _) -> reports.list(call.namespace(), tasks.all()));
        services.unary(
                TasksGrpcService.Metrics,
                (call, request) -> reports.metrics(call.namespace(), tasks.all(), request.getFiltersList()));
    }

    private CreateTaskResponse create(Call call, CreateTaskRequest request) throws IOException, InterruptedException {
        return CreateTaskResponse.newBuilder()
                .setContainerId(request.getContainerId())
                .setPid(tasks.create(call.namespace(), request))
                .build();
    }

    private StartResponse start(Call call, StartRequest request) throws IOException, InterruptedException {
        Task task = tasks.find(call.namespace(), request.getContainerId());
        TaskProcess process = tasks.process(task, request.getExecId());
        int pid = task.shim()
                .call(
                        "Start",
                        io.slipway.api.task.v2.StartRequest.newBuilder()
                                .setId(task.bundle.id())
                                .setExecId(request.getExecId())
                                .build(),
                        io.slipway.api.task.v2.StartResponse.parser())
                .getPid();
        process.pid = pid;
        if (process == task.init && !process.exit.isDone()) {
            task.lastState = TaskState.RUNNING;
        }
        return StartResponse.newBuilder().setPid(pid).build();
    }

    private DeleteResponse delete(Call call, DeleteTaskRequest request) throws IOException, InterruptedException {
        Task task = tasks.find(call.namespace(), request.getContainerId());
        return deleted(request.getContainerId(), tasks.delete(task));
    }

    private DeleteResponse deleteProcess(Call call, DeleteProcessRequest request)
            throws IOException, InterruptedException {
        Task task = tasks.find(call.namespace(), request.getContainerId());
        requireExecId(request.getExecId());
        return deleted(request.getExecId(), tasks.deleteProcess(task, request.getExecId()));
    }

    private static DeleteResponse deleted(String id, ProcessExit exit) {
        return DeleteResponse.newBuilder()
                .setId(id)
                .setPid(exit.pid())
                .setExitStatus(exit.status())
                .setExitedAt(exit.timestamp())
                .build();
    }

    private WaitResponse await(Call call, WaitRequest request) throws IOException, InterruptedException {
        Task task = tasks.find(call.namespace(), request.getContainerId());
        ProcessExit exit = tasks.await(tasks.process(task, request.getExecId()));
        return WaitResponse.newBuilder()
                .setExitStatus(exit.status())
                .setExitedAt(exit.timestamp())
                .build();
    }

    private Empty kill(Call call, KillRequest request) throws IOException, InterruptedException {
        return pass(
                call,
                request.getContainerId(),
                "Kill",
                io.slipway.api.task.v2.KillRequest.newBuilder()
                        .setId(request.getContainerId())
                        .setExecId(request.getExecId())
                        .setSignal(request.getSignal())
                        .setAll(request.getAll())
                        .build());
    }

    private Empty exec(Call call, ExecProcessRequest request) throws IOException, InterruptedException {
        requireExecId(request.getExecId());
        Identifier.check(request.getExecId());
        Task task = tasks.find(call.namespace(), request.getContainerId());
        task.shim()
                .call(
                        "Exec",
                        io.slipway.api.task.v2.ExecProcessRequest.newBuilder()
                                .setId(request.getContainerId())
                                .setExecId(request.getExecId())
                                .setTerminal(request.getTerminal())
                                .setStdin(request.getStdin())
                                .setStdout(request.getStdout())
                                .setStderr(request.getStderr())
                                .setSpec(request.getSpec())
                                .build(),
                        Empty.parser());
        tasks.added(task, request.getExecId(), 0);
        return Empty.getDefaultInstance();
    }

    private static void requireExecId(String execId) {
        if (execId.isEmpty()) {
            throw ApiException.invalid("exec id cannot be empty");
        }
    }

    private Empty resizePty(Call call, ResizePtyRequest request) throws IOException, InterruptedException {
        return pass(
                call,
                request.getContainerId(),
                "ResizePty",
                io.slipway.api.task.v2.ResizePtyRequest.newBuilder()
                        .setId(request.getContainerId())
                        .setExecId(request.getExecId())
                        .setWidth(request.getWidth())
                        .setHeight(request.getHeight())
                        .build());
    }

    private Empty closeIo(Call call, CloseIORequest request) throws IOException, InterruptedException {
        if (!request.getStdin()) {
            tasks.find(call.namespace(), request.getContainerId());
            return Empty.getDefaultInstance();
        }
        return pass(
                call,
                request.getContainerId(),
                "CloseIO",
                io.slipway.api.task.v2.CloseIORequest.newBuilder()
                        .setId(request.getContainerId())
                        .setExecId(request.getExecId())
                        .setStdin(true)
                        .build());
    }

    private Empty pause(Call call, PauseTaskRequest request) throws IOException, InterruptedException {
        pass(
                call,
                request.getContainerId(),
                "Pause",
                PauseRequest.newBuilder().setId(request.getContainerId()).build());
        tasks.find(call.namespace(), request.getContainerId()).lastState = TaskState.PAUSED;
        return Empty.getDefaultInstance();
    }

    private Empty resume(Call call, ResumeTaskRequest request) throws IOException, InterruptedException {
        pass(
                call,
                request.getContainerId(),
                "Resume",
                ResumeRequest.newBuilder().setId(request.getContainerId()).build());
        tasks.find(call.namespace(), request.getContainerId()).lastState = TaskState.RUNNING;
        return Empty.getDefaultInstance();
    }

    private ListPidsResponse listPids(Call call, ListPidsRequest request) throws IOException, InterruptedException {
        Task task = tasks.find(call.namespace(), request.getContainerId());
        PidsResponse pids = task.shim()
                .call(
                        "Pids",
                        PidsRequest.newBuilder().setId(request.getContainerId()).build(),
                        PidsResponse.parser());
        return ListPidsResponse.newBuilder()
                .addAllProcesses(pids.getProcessesList())
                .build();
    }

    /// Into a directory that the options name; a checkpoint as content of the store is not made here.
    private CheckpointTaskResponse checkpoint(Call call, CheckpointTaskRequest request)
            throws IOException, InterruptedException {
        boolean options = request.hasOptions() && Anys.is(request.getOptions(), CheckpointOptions.getDefaultInstance());
        String path = options
                ? Anys.unpack(request.getOptions(), CheckpointOptions.parser()).getImagePath()
                : "";
        if (path.isEmpty()) {
            throw ApiException.unimplemented("a checkpoint without an image path in its options");
        }
        pass(
                call,
                request.getContainerId(),
                "Checkpoint",
                io.slipway.api.task.v2.CheckpointTaskRequest.newBuilder()
                        .setId(request.getContainerId())
                        .setPath(path)
                        .setOptions(request.getOptions())
                        .build());
        return CheckpointTaskResponse.getDefaultInstance();
    }

    private Empty update(Call call, UpdateTaskRequest request) throws IOException, InterruptedException {
        return pass(
                call,
                request.getContainerId(),
                "Update",
                io.slipway.api.task.v2.UpdateTaskRequest.newBuilder()
                        .setId(request.getContainerId())
                        .setResources(request.getResources())
                        .putAllAnnotations(request.getAnnotationsMap())
                        .build());
    }

    private Empty pass(Call call, String id, String method, Message request) throws IOException, InterruptedException {
        return tasks.find(call.namespace(), id).shim().call(method, request, Empty.parser());
    }
}
