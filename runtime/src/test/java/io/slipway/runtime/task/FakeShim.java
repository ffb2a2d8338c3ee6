package io.slipway.runtime.task;

import com.google.protobuf.Empty;
import com.google.protobuf.Message;
import com.google.protobuf.Timestamp;
import io.slipway.api.events.TaskExit;
import io.slipway.api.services.events.ttrpc.v1.ForwardRequest;
import io.slipway.api.task.v2.ConnectRequest;
import io.slipway.api.task.v2.ConnectResponse;
import io.slipway.api.task.v2.CreateTaskRequest;
import io.slipway.api.task.v2.CreateTaskResponse;
import io.slipway.api.task.v2.DeleteRequest;
import io.slipway.api.task.v2.DeleteResponse;
import io.slipway.api.task.v2.ExecProcessRequest;
import io.slipway.api.task.v2.KillRequest;
import io.slipway.api.task.v2.ShutdownRequest;
import io.slipway.api.task.v2.StartRequest;
import io.slipway.api.task.v2.StartResponse;
import io.slipway.api.task.v2.StateRequest;
import io.slipway.api.task.v2.StateResponse;
import io.slipway.api.task.v2.WaitRequest;
import io.slipway.api.task.v2.WaitResponse;
import io.slipway.api.types.Envelope;
import io.slipway.api.v1.types.Status;
import io.slipway.cas.ApiException;
import io.slipway.cas.grpc.Anys;
import io.slipway.runtime.ttrpc.TtrpcClient;
import io.slipway.runtime.ttrpc.TtrpcServer;
import io.slipway.runtime.ttrpc.TtrpcService;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/// A shim that runs nothing: a script for its binary, and a ttrpc server in this JVM for its Task service. The
/// socket
/// that the script names is a link, so that the server behind it can be exchanged.
final class FakeShim implements AutoCloseable {
    static final String RUNTIME = "io.slipway.fake.v1";

    final Path directory;
    final AtomicInteger waits = new AtomicInteger();
    final AtomicInteger shutdowns = new AtomicInteger();
    final Map<String, FakeProcess> processes = new ConcurrentHashMap<>();
    volatile boolean leavesWhenAsked = true;
    volatile Consumer<CreateTaskRequest> onCreate = _ -> {};
    volatile Consumer<StateRequest> onState = _ -> {};
    volatile Consumer<DeleteRequest> onDelete = _ -> {};
    private final Path socket;
    private final AtomicInteger pids = new AtomicInteger(1_000_000);
    private final AtomicInteger servers = new AtomicInteger();
    /// What has the shim's pid: a process that only is there.
    final Process body = new ProcessBuilder("sleep", "600").start();

    private volatile TtrpcServer server;

    static final class FakeProcess {
        final CompletableFuture<Integer> exit = new CompletableFuture<>();
        volatile int pid;
        volatile Status status = Status.CREATED;
    }

    FakeShim(Path directory) throws IOException {
        this.directory = Files.createDirectories(directory);
        this.socket = directory.resolve("shim");
        answer("start", 0, "unix://" + socket);
        answer("delete", 0, "");
        Path script = directory.resolve("containerd-shim-fake-v1");
        Files.writeString(script, """
                #!/bin/sh
                for action; do :; done
                cd DIR
                echo "$action $*" >> actions
                env > env.$action
                cat answer.$action
                exit $(cat exit.$action)
                """.replace("DIR", directory.toString()));
        Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwxr-xr-x"));
        this.server = serve();
    }

    private TtrpcServer serve() throws IOException {
        TtrpcServer next = TtrpcServer.listen(directory.resolve("s" + servers.incrementAndGet()), List.of(service()));
        Path link = directory.resolve("link");
        Files.deleteIfExists(link);
        Files.createSymbolicLink(link, next.socket());
        Files.move(
                link,
                socket,
                java.nio.file.StandardCopyOption.ATOMIC_MOVE,
                java.nio.file.StandardCopyOption.REPLACE_EXISTING);
        return next;
    }

    /// What the script prints and how it exits.
    void answer(String action, int exit, String text) throws IOException {
        Files.writeString(directory.resolve("answer." + action), text);
        Files.writeString(directory.resolve("exit." + action), "" + exit);
    }

    void answerDelete(DeleteResponse response) throws IOException {
        Files.write(directory.resolve("answer.delete"), response.toByteArray());
    }

    /// First words of the lines the script wrote.
    List<String> actions() throws IOException {
        Path actions = directory.resolve("actions");
        return Files.exists(actions)
                ? Files.readAllLines(actions).stream()
                        .map(line -> line.substring(0, line.indexOf(' ')))
                        .toList()
                : List.of();
    }

    /// Breaks every connection while the shim lives on.
    void hiccup() throws IOException {
        TtrpcServer old = server;
        server = serve();
        old.close();
    }

    /// The process dies.
    void die() {
        server.close();
    }

    FakeProcess process(String id, String execId) {
        FakeProcess process = processes.get(id + "/" + execId);
        if (process == null) {
            throw new ApiException(
                    ApiException.Code.NOT_FOUND,
                    execId.isEmpty() ? "container not created" : "process does not exist " + execId);
        }
        return process;
    }

    void exit(String id, String execId, int status) {
        FakeProcess process = process(id, execId);
        process.status = Status.STOPPED;
        process.exit.complete(status);
    }

    /// Forwards the exit event of a process, as a shim does.
    void publishExit(Path ttrpc, String namespace, String id, int pid, int status) throws Exception {
        TaskExit exit = TaskExit.newBuilder()
                .setContainerId(id)
                .setId(id)
                .setPid(pid)
                .setExitStatus(status)
                .build();
        try (TtrpcClient client = TtrpcClient.connect(UnixDomainSocketAddress.of(ttrpc), () -> {})) {
            client.call(
                    "containerd.services.events.ttrpc.v1.Events",
                    "Forward",
                    ForwardRequest.newBuilder()
                            .setEnvelope(Envelope.newBuilder()
                                    .setTimestamp(Timestamp.newBuilder().setSeconds(1))
                                    .setNamespace(namespace)
                                    .setTopic("/tasks/exit")
                                    .setEvent(Anys.pack(exit)))
                            .build(),
                    Empty.parser(),
                    Optional.empty(),
                    Map.of());
        }
    }

    private TtrpcService service() {
        return TtrpcService.named("containerd.task.v2.Task")
                .method(
                        "Connect",
                        ConnectRequest.parser(),
                        (_, _) -> ConnectResponse.newBuilder()
                                .setShimPid((int) body.pid())
                                .build())
                .method("Create", CreateTaskRequest.parser(), (_, request) -> create(request))
                .method("Start", StartRequest.parser(), (_, request) -> start(request))
                .method("State", StateRequest.parser(), (_, request) -> state(request))
                .method("Wait", WaitRequest.parser(), (_, request) -> await(request))
                .method("Kill", KillRequest.parser(), (_, request) -> {
                    exit(request.getId(), request.getExecId(), 128 + request.getSignal());
                    return Empty.getDefaultInstance();
                })
                .method("Exec", ExecProcessRequest.parser(), (_, request) -> {
                    process(request.getId(), "");
                    processes.put(request.getId() + "/" + request.getExecId(), new FakeProcess());
                    return Empty.getDefaultInstance();
                })
                .method("Delete", DeleteRequest.parser(), (_, request) -> delete(request))
                .method("Shutdown", ShutdownRequest.parser(), (_, _) -> {
                    shutdowns.incrementAndGet();
                    if (leavesWhenAsked) {
                        body.destroy();
                    }
                    return Empty.getDefaultInstance();
                })
                .build();
    }

    private Message create(CreateTaskRequest request) {
        onCreate.accept(request);
        FakeProcess process = new FakeProcess();
        process.pid = pids.incrementAndGet();
        processes.put(request.getId() + "/", process);
        return CreateTaskResponse.newBuilder().setPid(process.pid).build();
    }

    private Message start(StartRequest request) {
        FakeProcess process = process(request.getId(), request.getExecId());
        if (process.pid == 0) {
            process.pid = pids.incrementAndGet();
        }
        process.status = Status.RUNNING;
        return StartResponse.newBuilder().setPid(process.pid).build();
    }

    private Message state(StateRequest request) {
        onState.accept(request);
        FakeProcess process = process(request.getId(), request.getExecId());
        return StateResponse.newBuilder()
                .setId(request.getId())
                .setPid(process.pid)
                .setStatus(process.status)
                .setExitStatus(process.exit.getNow(0))
                .setExitedAt(Timestamp.newBuilder().setSeconds(process.exit.isDone() ? 77 : -62_135_596_800L))
                .build();
    }

    private Message await(WaitRequest request) throws InterruptedException {
        waits.incrementAndGet();
        try {
            return WaitResponse.newBuilder()
                    .setExitStatus(
                            process(request.getId(), request.getExecId()).exit.get())
                    .setExitedAt(Timestamp.newBuilder().setSeconds(77))
                    .build();
        } catch (ExecutionException e) {
            throw new IllegalStateException(e);
        }
    }

    private Message delete(DeleteRequest request) {
        onDelete.accept(request);
        FakeProcess process = process(request.getId(), request.getExecId());
        if (process.status == Status.RUNNING) {
            throw new ApiException(ApiException.Code.UNKNOWN, "cannot delete a running process");
        }
        processes.remove(request.getId() + "/" + request.getExecId());
        return DeleteResponse.newBuilder()
                .setPid(process.pid)
                .setExitStatus(process.exit.getNow(0))
                .setExitedAt(Timestamp.newBuilder().setSeconds(77))
                .build();
    }

    @Override
    public void close() {
        server.close();
        body.destroyForcibly();
        processes.values().forEach(process -> process.exit.complete(0));
    }
}
