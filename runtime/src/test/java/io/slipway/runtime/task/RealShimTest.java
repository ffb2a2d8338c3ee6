package io.slipway.runtime.task;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.Any;
import io.slipway.api.events.TaskExit;
import io.slipway.api.runc.v1.ProcessDetails;
import io.slipway.api.services.containers.v1.Container;
import io.slipway.api.services.containers.v1.ContainersGrpcClient;
import io.slipway.api.services.containers.v1.DeleteContainerRequest;
import io.slipway.api.services.tasks.v1.CreateTaskRequest;
import io.slipway.api.services.tasks.v1.DeleteProcessRequest;
import io.slipway.api.services.tasks.v1.DeleteResponse;
import io.slipway.api.services.tasks.v1.DeleteTaskRequest;
import io.slipway.api.services.tasks.v1.ExecProcessRequest;
import io.slipway.api.services.tasks.v1.GetRequest;
import io.slipway.api.services.tasks.v1.KillRequest;
import io.slipway.api.services.tasks.v1.ListPidsRequest;
import io.slipway.api.services.tasks.v1.ListPidsResponse;
import io.slipway.api.services.tasks.v1.MetricsRequest;
import io.slipway.api.services.tasks.v1.PauseTaskRequest;
import io.slipway.api.services.tasks.v1.ResumeTaskRequest;
import io.slipway.api.services.tasks.v1.StartRequest;
import io.slipway.api.services.tasks.v1.TasksGrpcClient;
import io.slipway.api.services.tasks.v1.WaitRequest;
import io.slipway.api.services.tasks.v1.WaitResponse;
import io.slipway.api.slipway.v1.LogsGrpcClient;
import io.slipway.api.slipway.v1.ReadLogRequest;
import io.slipway.api.types.Envelope;
import io.slipway.api.types.Mount;
import io.slipway.api.v1.types.Process;
import io.slipway.api.v1.types.Status;
import io.slipway.cas.grpc.Anys;
import io.slipway.linux.Fifo;
import io.slipway.linux.Os;
import io.slipway.linux.PidFd;
import io.slipway.runtime.EventSubscription;
import io.slipway.runtime.GrpcFailure;
import io.slipway.runtime.RuntimeFixture;
import io.vertx.grpc.common.GrpcStatus;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Tasks through Debian's containerd-shim-runc-v2 and runc. After each test nothing may be left of it on the
/// machine.
@Tag("root")
@Tag("peer")
@Timeout(120)
final class RealShimTest {
    private static final AtomicInteger COUNTER = new AtomicInteger();
    private static final int SIGKILL = 9;
    private static final int SIGTERM = 15;

    private final String id = "t" + ProcessHandle.current().pid() + "-" + COUNTER.incrementAndGet();
    private Path directory;
    private List<Path> socketsBefore;
    private RealShim shim;
    private RuntimeFixture fixture;
    private EventSubscription published;

    @BeforeEach
    void open() throws Exception {
        directory = Files.createTempDirectory(Path.of("/var/tmp"), "slipway-rt");
        socketsBefore = RealShim.sockets();
        shim = new RealShim(directory);
        fixture = new RuntimeFixture(
                directory, Map.of("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", "NOTIFY_SOCKET", "/nowhere", "JAVA_X", "y"));
        published = fixture.events.subscribe(List.of("topic~=^/tasks/"));
    }

    @AfterEach
    void close() throws Exception {
        try {
            await("nothing is left")
                    .atMost(Duration.ofSeconds(10))
                    .untilAsserted(() -> assertThat(RealShim.remains(id, directory, fixture.state, socketsBefore))
                            .isEmpty());
            assertThat(fixture.bundle(id)).doesNotExist();
        } finally {
            endWhatAFailedTestLeft();
            published.close();
            fixture.close();
            RealShim.removeCgroups();
        }
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }

    private void endWhatAFailedTestLeft() throws Exception {
        if (!fixture.runtime().counts().tasks().isEmpty()) {
            try {
                kill(SIGKILL);
                exit("");
            } catch (GrpcFailure e) {
                assertThat(e.status()).isNotEqualTo(GrpcStatus.INTERNAL);
            }
            delete();
        }
    }

    private void container(String... command) throws Exception {
        fixture.container(Container.newBuilder()
                .setId(id)
                .setRuntime(Container.Runtime.newBuilder().setName(RealShim.RUNTIME))
                .setSpec(RealShim.spec(id, id, command)));
    }

    private int create(String stdin, String stdout, String stderr) throws Exception {
        return fixture.call(
                        TasksGrpcClient.Create,
                        CreateTaskRequest.newBuilder()
                                .setContainerId(id)
                                .addRootfs(shim.mount())
                                .setStdin(stdin)
                                .setStdout(stdout)
                                .setStderr(stderr)
                                .build())
                .getPid();
    }

    private int start(String execId) throws Exception {
        return fixture.call(
                        TasksGrpcClient.Start,
                        StartRequest.newBuilder()
                                .setContainerId(id)
                                .setExecId(execId)
                                .build())
                .getPid();
    }

    private RuntimeFixture.Started<WaitResponse> waiting(String execId) {
        return fixture.start(
                TasksGrpcClient.Wait,
                WaitRequest.newBuilder().setContainerId(id).setExecId(execId).build());
    }

    private int exit(String execId) throws Exception {
        return RuntimeFixture.finish(waiting(execId)).getExitStatus();
    }

    private void kill(int signal) throws Exception {
        fixture.call(
                TasksGrpcClient.Kill,
                KillRequest.newBuilder().setContainerId(id).setSignal(signal).build());
    }

    private String log() throws Exception {
        return fixture.call(
                        LogsGrpcClient.Read,
                        ReadLogRequest.newBuilder()
                                .setContainerId(id)
                                .setFollow(true)
                                .build())
                .getData()
                .toStringUtf8();
    }

    private DeleteResponse delete() throws Exception {
        return fixture.call(
                TasksGrpcClient.Delete,
                DeleteTaskRequest.newBuilder().setContainerId(id).build());
    }

    private Process get() throws Exception {
        return fixture.call(
                        TasksGrpcClient.Get,
                        GetRequest.newBuilder().setContainerId(id).build())
                .getProcess();
    }

    private List<String> topicsUntil(String last) throws InterruptedException {
        List<String> topics = new ArrayList<>();
        while (!topics.contains(last)) {
            Optional<Envelope> next = published.poll(Duration.ofSeconds(20));
            assertThat(next).as("an event after %s", topics).isPresent();
            topics.add(next.orElseThrow().getTopic());
        }
        return topics;
    }

    /// Debian's shim knows no such mounts.
    @Test
    void aRootWhoseOwnersAreMappedIsMountedForTheShim() throws Exception {
        container("sh", "-c", "/bin/busybox stat -c '%u:%g' /bin/busybox");
        Path log = fixture.runtime().logFile("default", id);
        Mount rootfs = Mount.newBuilder()
                .setType("overlay")
                .setSource("overlay")
                .addOptions("uidmap=0:100000:65536")
                .addOptions("gidmap=0:200000:65536")
                .addOptions("workdir=" + Files.createDirectory(directory.resolve("work")))
                .addOptions("upperdir=" + Files.createDirectory(directory.resolve("upper")))
                .addOptions("lowerdir=" + shim.rootfs)
                .build();
        fixture.call(
                TasksGrpcClient.Create,
                CreateTaskRequest.newBuilder()
                        .setContainerId(id)
                        .addRootfs(rootfs)
                        .setStdout("file://" + log)
                        .setStderr("file://" + log)
                        .build());
        start("");
        assertThat(exit("")).isZero();
        assertThat(log()).isEqualTo("100000:200000\n");
        delete();
    }

    @Test
    void aContainerRunsWithItsOutputInTheLogAndItsCodeIsTold() throws Exception {
        container("sh", "-c", "echo to stdout; echo to stderr >&2; exit 7");
        Path log = fixture.runtime().logFile("default", id);
        String uri = "file://" + log;
        int pid = create("", uri, uri);
        assertThat(get().getStatus()).isEqualTo(Status.CREATED);
        RuntimeFixture.Started<WaitResponse> early = waiting("");
        RuntimeFixture.Started<WaitResponse> second = waiting("");
        assertThat(start("")).isEqualTo(pid);
        assertThat(RuntimeFixture.finish(early).getExitStatus()).isEqualTo(7);
        assertThat(RuntimeFixture.finish(second).getExitStatus()).isEqualTo(7);
        assertThat(get().getExitStatus()).isEqualTo(7);
        assertThat(log().lines()).containsExactlyInAnyOrder("to stdout", "to stderr");
        assertThat(delete().getExitStatus()).isEqualTo(7);
        assertThat(topicsUntil("/tasks/delete"))
                .containsExactly("/tasks/create", "/tasks/start", "/tasks/exit", "/tasks/delete");
        fixture.call(
                ContainersGrpcClient.Delete,
                DeleteContainerRequest.newBuilder().setId(id).build());
        assertThat(log).doesNotExist();
    }

    @Test
    void outputComesThroughFifosOfTheClient() throws Exception {
        container("sh", "-c", "read line; echo got $line; echo oops >&2");
        Path stdin = directory.resolve("stdin");
        Path stdout = directory.resolve("stdout");
        Path stderr = directory.resolve("stderr");
        for (Path fifo : List.of(stdin, stdout, stderr)) {
            Os.mkfifo(fifo, 0700);
        }
        try (Fifo in = Fifo.open(stdin);
                Fifo out = Fifo.open(stdout);
                Fifo errors = Fifo.open(stderr)) {
            create(stdin.toString(), stdout.toString(), stderr.toString());
            start("");
            in.write(ByteBuffer.wrap("a line\n".getBytes(StandardCharsets.UTF_8)));
            assertThat(exit("")).isZero();
            assertThat(readLine(out)).isEqualTo("got a line\n");
            assertThat(readLine(errors)).isEqualTo("oops\n");
            delete();
        }
    }

    private static String readLine(Fifo fifo) {
        StringBuilder text = new StringBuilder();
        await().until(() -> {
            ByteBuffer buffer = ByteBuffer.allocate(100);
            fifo.read(buffer);
            text.append(StandardCharsets.UTF_8.decode(buffer.flip()));
            return text.toString().endsWith("\n");
        });
        return text.toString();
    }

    @Test
    void aSignalEndsItAndTheProcessCanBeAddedTo() throws Exception {
        container("sleep", "600");
        create("", "", "");
        start("");
        fixture.call(
                TasksGrpcClient.Exec,
                ExecProcessRequest.newBuilder()
                        .setContainerId(id)
                        .setExecId("e1")
                        .setSpec(RealShim.any(RealShim.PROCESS, RealShim.process("sh", "-c", "sleep 1; exit 3")))
                        .build());
        RuntimeFixture.Started<WaitResponse> early = waiting("e1");
        int execPid = start("e1");
        ListPidsResponse pids = fixture.call(
                TasksGrpcClient.ListPids,
                ListPidsRequest.newBuilder().setContainerId(id).build());
        Any info = pids.getProcessesList().stream()
                .filter(process -> process.getPid() == execPid)
                .findFirst()
                .orElseThrow()
                .getInfo();
        assertThat(Anys.unpack(info, ProcessDetails.parser()).getExecId()).isEqualTo("e1");
        assertThat(RuntimeFixture.finish(early).getExitStatus()).isEqualTo(3);
        fixture.call(
                TasksGrpcClient.DeleteProcess,
                DeleteProcessRequest.newBuilder()
                        .setContainerId(id)
                        .setExecId("e1")
                        .build());
        assertThatThrownBy(this::delete)
                .isInstanceOfSatisfying(
                        GrpcFailure.class, e -> assertThat(e.status()).isEqualTo(GrpcStatus.UNKNOWN));
        kill(SIGKILL);
        assertThat(exit("")).isEqualTo(137);
        assertThatThrownBy(() -> kill(SIGTERM))
                .isInstanceOfSatisfying(
                        GrpcFailure.class, e -> assertThat(e.status()).isEqualTo(GrpcStatus.NOT_FOUND));
        delete();
    }

    @Test
    void itIsPausedResumedAndMeasured() throws Exception {
        container("sleep", "600");
        create("", "", "");
        start("");
        fixture.call(
                TasksGrpcClient.Pause,
                PauseTaskRequest.newBuilder().setContainerId(id).build());
        assertThat(get().getStatus()).isEqualTo(Status.PAUSED);
        fixture.call(
                TasksGrpcClient.Resume,
                ResumeTaskRequest.newBuilder().setContainerId(id).build());
        assertThat(get().getStatus()).isEqualTo(Status.RUNNING);
        var metrics = fixture.call(
                TasksGrpcClient.Metrics,
                MetricsRequest.newBuilder().addFilters("id==" + id).build());
        assertThat(metrics.getMetricsList()).hasSize(1);
        assertThat(metrics.getMetrics(0).getData().getTypeUrl()).startsWith("io.containerd.cgroups.v");
        kill(SIGKILL);
        exit("");
        delete();
    }

    @Test
    void theShimStartsWithACleanSlate() throws Exception {
        container("sleep", "600");
        int init = create("", "", "");
        start("");
        long pid = RealShim.pid(id).orElseThrow();
        Path proc = Path.of("/proc/" + pid);
        assertThat(RealShim.words(proc.resolve("environ")))
                .contains("NAMESPACE=default", "MAX_SHIM_VERSION=2") // GOMAXPROCS it sets anew for itself
                .noneMatch(word -> word.startsWith("NOTIFY_SOCKET=") || word.startsWith("JAVA_"));
        assertThat(statusOf(pid, "PPid")).isEqualTo("1");
        // Go gives its children the signal mask it began with; its own threads block what they like.
        assertThat(statusOf(init, "SigBlk")).isEqualTo("0000000000000000");
        assertThat(statusOf(init, "SigIgn")).isEqualTo("0000000000000000");
        try (Stream<Path> descriptors = Files.list(proc.resolve("fd"))) {
            assertThat(descriptors.map(RealShimTest::target))
                    .noneMatch(target -> target.endsWith(".jar") || target.contains("metadata"));
        }
        kill(SIGKILL);
        exit("");
        delete();
    }

    private static String statusOf(long pid, String field) throws IOException {
        return Files.readString(Path.of("/proc/" + pid + "/status"))
                .lines()
                .filter(line -> line.startsWith(field + ":"))
                .map(line -> line.substring(field.length() + 1).strip())
                .findFirst()
                .orElseThrow();
    }

    private static String target(Path link) {
        try {
            return Files.readSymbolicLink(link).toString();
        } catch (IOException e) {
            return "gone";
        }
    }

    @Test
    void aCommandThatDoesNotExistLeavesNothing() throws Exception {
        container("/no/such/command");
        assertThatThrownBy(() -> {
                    create("", "", "");
                    start("");
                })
                .isInstanceOfSatisfying(GrpcFailure.class, e -> {
                    assertThat(e.status()).isEqualTo(GrpcStatus.UNKNOWN);
                    assertThat(e).hasMessageContaining("no such file or directory");
                });
    }

    @Test
    void aRootFileSystemThatDoesNotExistLeavesNothing() throws Exception {
        container("sh");
        assertThatThrownBy(() -> fixture.call(
                        TasksGrpcClient.Create,
                        CreateTaskRequest.newBuilder()
                                .setContainerId(id)
                                .addRootfs(shim.mount().toBuilder().setSource(directory + "/absent"))
                                .build()))
                .isInstanceOf(GrpcFailure.class)
                .hasMessageStartingWith("failed to create shim task: ");
    }

    @Test
    void anOutputThatCannotBeOpenedLeavesNothing() throws Exception {
        container("sh");
        assertThatThrownBy(() -> create("", directory + "/absent", directory + "/absent"))
                .isInstanceOf(GrpcFailure.class)
                .hasMessageStartingWith("failed to create shim task: ");
    }

    @Test
    void whenTheShimIsKilledItsContainerIsCleanedUpAndTheExitToldOnce() throws Exception {
        container("sleep", "600");
        int pid = create("", "", "");
        start("");
        RuntimeFixture.Started<WaitResponse> waiter = waiting("");
        try (PidFd process = PidFd.open(Math.toIntExact(RealShim.pid(id).orElseThrow()))) {
            process.signal(SIGKILL);
        }
        assertThat(RuntimeFixture.finish(waiter).getExitStatus()).isEqualTo(137);
        assertThat(topicsUntil("/tasks/delete"))
                .containsExactly("/tasks/create", "/tasks/start", "/tasks/exit", "/tasks/delete");
        await().until(() -> !Files.exists(Path.of("/proc/" + pid)));
        assertThatThrownBy(this::get).hasMessageContaining("not found");
    }

    @Test
    void aRunningContainerIsTakenOverAfterARestart() throws Exception {
        container("sh", "-c", "trap 'exit 9' TERM; while :; do sleep 1; done");
        int pid = create("", "", "");
        start("");
        fixture.shut();
        assertThat(Path.of("/proc/" + pid)).exists();
        fixture.open();
        assertThat(get().getPid()).isEqualTo(pid);
        RuntimeFixture.Started<WaitResponse> waiter = waiting("");
        kill(SIGTERM);
        assertThat(RuntimeFixture.finish(waiter).getExitStatus()).isEqualTo(9);
        assertThat(delete().getExitStatus()).isEqualTo(9);
        assertThat(topicsUntil("/tasks/delete"))
                .containsExactly("/tasks/create", "/tasks/start", "/tasks/exit", "/tasks/delete");
    }

    @Test
    void anExitDuringTheAbsenceIsReportedOnce() throws Exception {
        container("sh", "-c", "sleep 1; exit 5");
        int pid = create("", "", "");
        start("");
        fixture.shut();
        await().atMost(Duration.ofSeconds(20)).until(() -> !Files.exists(Path.of("/proc/" + pid)));
        fixture.open();
        assertThat(get().getStatus()).isEqualTo(Status.STOPPED);
        assertThat(exit("")).isEqualTo(5);
        List<TaskExit> exits = new ArrayList<>();
        while (true) { // longer than the shim goes on trying to tell it
            Optional<Envelope> next = published.poll(Duration.ofSeconds(16));
            if (next.isEmpty()) {
                break;
            }
            if (next.get().getTopic().equals("/tasks/exit")) {
                exits.add(TaskExit.parseFrom(next.get().getEvent().getValue()));
            }
        }
        assertThat(exits).hasSize(1);
        assertThat(exits.getFirst().getExitStatus()).isEqualTo(5);
        assertThat(delete().getExitStatus()).isEqualTo(5);
    }

    @Test
    void aShimThatDiedDuringTheAbsenceIsCleanedUp() throws Exception {
        container("sleep", "600");
        int pid = create("", "", "");
        start("");
        fixture.shut();
        try (PidFd process = PidFd.open(Math.toIntExact(RealShim.pid(id).orElseThrow()))) {
            process.signal(SIGKILL);
        }
        fixture.open();
        assertThatThrownBy(this::get).hasMessageContaining("not found");
        await().until(() -> !Files.exists(Path.of("/proc/" + pid)));
        assertThat(topicsUntil("/tasks/delete"))
                .containsExactly("/tasks/create", "/tasks/start", "/tasks/exit", "/tasks/delete");
    }

    @Test
    void theContainersOfAPodShareAShimThatOutlivesAMemberWhichFails() throws Exception {
        container("sleep", "600");
        int founder = create("", "", "");
        start("");
        String member = id + "-m";
        fixture.container(Container.newBuilder()
                .setId(member)
                .setRuntime(Container.Runtime.newBuilder().setName(RealShim.RUNTIME))
                .setSpec(RealShim.spec(member, id, "/no/such/command")));
        CreateTaskRequest request = CreateTaskRequest.newBuilder()
                .setContainerId(member)
                .addRootfs(shim.mount())
                .build();
        assertThatThrownBy(() -> fixture.call(TasksGrpcClient.Create, request))
                .hasMessageContaining("no such file or directory");
        assertThat(fixture.bundle(member)).doesNotExist();
        assertThat(RealShim.pid(member)).isEmpty();
        assertThat(get().getPid()).isEqualTo(founder);
        assertThat(get().getStatus()).isEqualTo(Status.RUNNING);
        kill(SIGKILL);
        exit("");
        delete();
        assertThat(RealShim.remains(member, directory, fixture.state, socketsBefore).stream()
                        .filter(left -> left.contains(member)))
                .isEmpty();
    }
}
