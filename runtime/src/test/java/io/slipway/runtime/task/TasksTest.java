package io.slipway.runtime.task;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import com.google.protobuf.Timestamp;
import io.slipway.api.events.TaskDelete;
import io.slipway.api.events.TaskExit;
import io.slipway.api.services.containers.v1.Container;
import io.slipway.api.services.tasks.v1.CreateTaskRequest;
import io.slipway.api.services.tasks.v1.DeleteProcessRequest;
import io.slipway.api.services.tasks.v1.DeleteResponse;
import io.slipway.api.services.tasks.v1.DeleteTaskRequest;
import io.slipway.api.services.tasks.v1.ExecProcessRequest;
import io.slipway.api.services.tasks.v1.GetRequest;
import io.slipway.api.services.tasks.v1.KillRequest;
import io.slipway.api.services.tasks.v1.ListTasksRequest;
import io.slipway.api.services.tasks.v1.StartRequest;
import io.slipway.api.services.tasks.v1.TasksGrpcClient;
import io.slipway.api.services.tasks.v1.WaitRequest;
import io.slipway.api.services.tasks.v1.WaitResponse;
import io.slipway.api.types.Envelope;
import io.slipway.api.v1.types.Process;
import io.slipway.api.v1.types.Status;
import io.slipway.cas.ApiException;
import io.slipway.runtime.EventSubscription;
import io.slipway.runtime.GrpcFailure;
import io.slipway.runtime.RuntimeFixture;
import io.slipway.runtime.TaskState;
import io.vertx.grpc.common.GrpcStatus;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// The life of tasks against a shim in this JVM: orders of events and faults that a real one shows rarely.
@Timeout(60)
final class TasksTest {
    private static final String ID = "c1";

    @TempDir
    Path directory;

    private FakeShim shim;
    private RuntimeFixture fixture;
    private EventSubscription published;

    @BeforeEach
    void open() throws Exception {
        shim = new FakeShim(directory.resolve("shim"));
        fixture = new RuntimeFixture(
                directory,
                Map.of(
                        "PATH", shim.directory + ":/usr/bin:/bin",
                        "NOTIFY_SOCKET", "/run/systemd/notify",
                        "SECRET_TOKEN", "hush",
                        "JAVA_TOOL_OPTIONS", "-Dx=y"));
        published = fixture.events.subscribe(List.of("topic~=^/tasks/"));
        container(ID);
    }

    @AfterEach
    void close() throws Exception {
        published.close();
        fixture.close();
        shim.close();
    }

    private void container(String id) throws Exception {
        fixture.container(Container.newBuilder()
                .setId(id)
                .setRuntime(Container.Runtime.newBuilder().setName(FakeShim.RUNTIME))
                .setSpec(Any.newBuilder()
                        .setTypeUrl("types.containerd.io/opencontainers/runtime-spec/1/Spec")
                        .setValue(ByteString.copyFromUtf8("{}"))));
    }

    private int create() throws Exception {
        return fixture.call(
                        TasksGrpcClient.Create,
                        CreateTaskRequest.newBuilder().setContainerId(ID).build())
                .getPid();
    }

    private int start(String execId) throws Exception {
        return fixture.call(
                        TasksGrpcClient.Start,
                        StartRequest.newBuilder()
                                .setContainerId(ID)
                                .setExecId(execId)
                                .build())
                .getPid();
    }

    /// Asks for an exit; the call is likely to have arrived on return.
    private RuntimeFixture.Started<WaitResponse> waiting(String execId) throws Exception {
        RuntimeFixture.Started<WaitResponse> started = fixture.start(
                TasksGrpcClient.Wait,
                WaitRequest.newBuilder().setContainerId(ID).setExecId(execId).build());
        started.cancel().get();
        fixture.call(TasksGrpcClient.List, ListTasksRequest.getDefaultInstance());
        return started;
    }

    private Process get() throws Exception {
        return fixture.call(
                        TasksGrpcClient.Get,
                        GetRequest.newBuilder().setContainerId(ID).build())
                .getProcess();
    }

    private DeleteResponse delete() throws Exception {
        return fixture.call(
                TasksGrpcClient.Delete,
                DeleteTaskRequest.newBuilder().setContainerId(ID).build());
    }

    private static void assertFails(ThrowingCallable call, GrpcStatus status, String text) {
        assertThatThrownBy(call).isInstanceOfSatisfying(GrpcFailure.class, e -> {
            assertThat(e.status()).isEqualTo(status);
            assertThat(e).hasMessageContaining(text);
        });
    }

    private void assertGone() {
        await().untilAsserted(() -> {
            assertThat(fixture.runtime().counts().tasks()).isEmpty();
            assertThat(fixture.bundle(ID)).doesNotExist();
            assertThat(fixture.root.resolve("io.containerd.runtime.v2.task/default"))
                    .isEmptyDirectory();
        });
    }

    private List<Envelope> publishedSoFar() throws InterruptedException {
        List<Envelope> all = new ArrayList<>();
        while (true) {
            Optional<Envelope> next = published.poll(Duration.ofMillis(200));
            if (next.isEmpty()) {
                return all;
            }
            all.add(next.get());
        }
    }

    @Test
    void aTaskFromCreateToDelete() throws Exception {
        int pid = create();
        assertThat(get().getStatus()).isEqualTo(Status.CREATED);
        assertThat(get().hasExitedAt()).as("year 1 means unset").isFalse();
        RuntimeFixture.Started<WaitResponse> early = waiting("");
        RuntimeFixture.Started<WaitResponse> second = waiting("");
        assertThat(start("")).isEqualTo(pid);
        assertThat(fixture.runtime().counts().tasks()).containsEntry(TaskState.RUNNING, 1L);
        assertThat(early.answer()).isNotDone();
        shim.exit(ID, "", 7);
        assertThat(RuntimeFixture.finish(early).getExitStatus()).isEqualTo(7);
        assertThat(RuntimeFixture.finish(second).getExitedAt().getSeconds()).isEqualTo(77);
        assertThat(RuntimeFixture.finish(waiting("")).getExitStatus()).isEqualTo(7);
        assertThat(shim.waits).as("one Wait, shared").hasValue(1);
        Process stopped = get();
        assertThat(stopped.getId()).isEqualTo(ID);
        assertThat(stopped.getContainerId()).isEmpty();
        assertThat(stopped.getStatus()).isEqualTo(Status.STOPPED);
        assertThat(stopped.getExitStatus()).isEqualTo(7);
        DeleteResponse deleted = delete();
        assertThat(deleted.getPid()).isEqualTo(pid);
        assertThat(deleted.getExitStatus()).isEqualTo(7);
        assertThat(shim.shutdowns).hasValue(1);
        assertThat(shim.actions()).containsExactly("start");
        assertGone();
        create();
    }

    @Test
    void whatIsMissingOrTakenIsSaidInContainerdsWords() throws Exception {
        assertFails(
                () -> fixture.call(
                        TasksGrpcClient.Create,
                        CreateTaskRequest.newBuilder().setContainerId("none").build()),
                GrpcStatus.NOT_FOUND,
                "container \"none\" in namespace \"default\": not found");
        assertFails(this::get, GrpcStatus.NOT_FOUND, "task c1 not found");
        assertFails(this::delete, GrpcStatus.NOT_FOUND, "task c1 not found");
        create();
        assertFails(this::create, GrpcStatus.ALREADY_EXISTS, "task c1: already exists");
        assertFails(() -> start("nope"), GrpcStatus.NOT_FOUND, "process does not exist nope");
        assertFails(
                () -> fixture.call(
                        TasksGrpcClient.Exec,
                        ExecProcessRequest.newBuilder().setContainerId(ID).build()),
                GrpcStatus.INVALID_ARGUMENT,
                "exec id");
    }

    @Test
    void theShimGetsItsVariablesAndOfOursOnlyTheHarmlessOnes() throws Exception {
        create();
        List<String> environment = Files.readAllLines(shim.directory.resolve("env.start"));
        assertThat(environment)
                .contains(
                        "GOMAXPROCS=2",
                        "TTRPC_ADDRESS=" + fixture.options.ttrpcAddress(),
                        "GRPC_ADDRESS=" + fixture.options.grpcAddress(),
                        "NAMESPACE=default",
                        "MAX_SHIM_VERSION=2",
                        "PATH=" + shim.directory + ":/usr/bin:/bin")
                .noneMatch(line -> line.matches("(NOTIFY_SOCKET|SECRET_TOKEN|JAVA_.*)=.*"));
        assertThat(Files.readString(shim.directory.resolve("actions")))
                .isEqualTo("start -namespace default -address " + fixture.options.grpcAddress()
                        + " -publish-binary /bin/true -id c1 start\n");
    }

    @Test
    void aCreateThatTheShimRefusesLeavesNothing() throws Exception {
        shim.onCreate = _ -> {
            throw new ApiException(ApiException.Code.UNKNOWN, "OCI runtime create failed: no such rootfs");
        };
        assertFails(
                this::create,
                GrpcStatus.UNKNOWN,
                "failed to create shim task: OCI runtime create failed: no such rootfs");
        assertThat(shim.actions()).containsExactly("start", "delete");
        assertThat(shim.shutdowns).hasValue(1);
        assertGone();
        assertThat(publishedSoFar()).isEmpty();
        shim.onCreate = _ -> {};
        create();
    }

    @Test
    void aShimThatDoesNotStartLeavesNothingAndItsTextIsTheError() throws Exception {
        shim.answer("start", 1, "io.slipway.fake.v1: the moon is wrong");
        assertFails(this::create, GrpcStatus.UNKNOWN, "io.slipway.fake.v1: the moon is wrong: exit status 1");
        assertGone();
        shim.answer("start", 0, "");
        assertFails(this::create, GrpcStatus.UNKNOWN, "the shim printed no address");
        assertGone();
        shim.answer("start", 0, "unix:///nowhere/at/all");
        assertFails(this::create, GrpcStatus.UNKNOWN, "failed to create shim task");
        assertGone();
    }

    @Test
    void aClientThatLeavesDuringCreateLeavesNothing() throws Exception {
        CountDownLatch reached = new CountDownLatch(1);
        CountDownLatch release = new CountDownLatch(1);
        shim.onCreate = _ -> {
            reached.countDown();
            try {
                release.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            throw new ApiException(ApiException.Code.UNKNOWN, "too late");
        };
        var creating = fixture.start(
                TasksGrpcClient.Create,
                CreateTaskRequest.newBuilder().setContainerId(ID).build());
        reached.await();
        creating.cancel().get().run();
        await().untilAsserted(() -> assertThat(shim.actions()).containsExactly("start", "delete"));
        assertGone();
        release.countDown();
    }

    @Test
    void aShimThatStaysAfterAFailedCreateIsKilled() throws Exception {
        shim.leavesWhenAsked = false;
        shim.onCreate = _ -> {
            throw new ApiException(ApiException.Code.UNKNOWN, "no");
        };
        assertFails(this::create, GrpcStatus.UNKNOWN, "no");
        assertThat(shim.body.waitFor()).isEqualTo(137);
        assertGone();
    }

    @Test
    void aRunningTaskIsNotDeleted() throws Exception {
        create();
        start("");
        assertFails(this::delete, GrpcStatus.UNKNOWN, "cannot delete a running process");
        assertThat(get().getStatus()).isEqualTo(Status.RUNNING);
    }

    @Test
    void aShimThatDiesTakesItsTaskAlongAndTheExitIsToldOnce() throws Exception {
        int pid = create();
        start("");
        RuntimeFixture.Started<WaitResponse> waiter = waiting("");
        shim.answerDelete(io.slipway.api.task.v2.DeleteResponse.newBuilder()
                .setPid(pid)
                .setExitStatus(137)
                .setExitedAt(Timestamp.newBuilder().setSeconds(99))
                .build());
        shim.die();
        assertThat(RuntimeFixture.finish(waiter).getExitStatus()).isEqualTo(137);
        assertGone();
        List<Envelope> events = publishedSoFar();
        assertThat(events).extracting(Envelope::getTopic).containsExactly("/tasks/exit", "/tasks/delete");
        TaskExit exit = TaskExit.parseFrom(events.get(0).getEvent().getValue());
        assertThat(exit.getId()).isEqualTo(ID);
        assertThat(exit.getPid()).isEqualTo(pid);
        assertThat(exit.getExitStatus()).isEqualTo(137);
        assertThat(exit.getExitedAt().getSeconds()).isEqualTo(99);
        assertThat(TaskDelete.parseFrom(events.get(1).getEvent().getValue()).getExitStatus())
                .isEqualTo(137);
        assertFails(this::get, GrpcStatus.NOT_FOUND, "task c1 not found");
        assertThat(shim.actions()).containsExactly("start", "delete");
    }

    @Test
    void whenTheCleanUpFailsTooTheStatusIs255() throws Exception {
        create();
        start("");
        RuntimeFixture.Started<WaitResponse> waiter = waiting("");
        shim.answer("delete", 1, "");
        shim.die();
        assertThat(RuntimeFixture.finish(waiter).getExitStatus()).isEqualTo(255);
        assertGone();
    }

    @Test
    void aDeleteThatMeetsADyingShimEndsWithItsExit() throws Exception {
        create();
        start("");
        shim.answer("delete", 1, "");
        shim.onDelete = _ -> shim.die();
        assertThat(delete().getExitStatus()).isEqualTo(255);
        assertGone();
    }

    @Test
    void aBrokenConnectionToALivingShimIsMadeAgain() throws Exception {
        create();
        start("");
        RuntimeFixture.Started<WaitResponse> waiter = waiting("");
        shim.hiccup();
        await().untilAsserted(() -> assertThat(shim.waits).hasValue(2));
        shim.exit(ID, "", 3);
        assertThat(RuntimeFixture.finish(waiter).getExitStatus()).isEqualTo(3);
        assertThat(shim.actions()).containsExactly("start");
        delete();
        assertGone();
    }

    @Test
    void anExitThatAShimSendsTwiceIsPublishedOnce() throws Exception {
        int pid = create();
        start("");
        shim.publishExit(fixture.options.ttrpcAddress(), "default", ID, pid, 4);
        shim.publishExit(fixture.options.ttrpcAddress(), "default", ID, pid, 4);
        shim.publishExit(fixture.options.ttrpcAddress(), "default", "stranger", 5, 4);
        shim.exit(ID, "", 4);
        RuntimeFixture.finish(waiting(""));
        shim.die();
        assertGone();
        shim.publishExit(fixture.options.ttrpcAddress(), "default", ID, pid, 4);
        assertThat(publishedSoFar())
                .extracting(Envelope::getTopic)
                .containsExactly("/tasks/exit", "/tasks/exit", "/tasks/delete");
    }

    @Test
    void execsAreWaitedForAndDeletedApart() throws Exception {
        create();
        start("");
        fixture.call(
                TasksGrpcClient.Exec,
                ExecProcessRequest.newBuilder()
                        .setContainerId(ID)
                        .setExecId("e1")
                        .build());
        RuntimeFixture.Started<WaitResponse> early = waiting("e1");
        int pid = start("e1");
        fixture.call(
                TasksGrpcClient.Kill,
                KillRequest.newBuilder()
                        .setContainerId(ID)
                        .setExecId("e1")
                        .setSignal(15)
                        .build());
        assertThat(RuntimeFixture.finish(early).getExitStatus()).isEqualTo(143);
        DeleteResponse deleted = fixture.call(
                TasksGrpcClient.DeleteProcess,
                DeleteProcessRequest.newBuilder()
                        .setContainerId(ID)
                        .setExecId("e1")
                        .build());
        assertThat(deleted.getId()).isEqualTo("e1");
        assertThat(deleted.getPid()).isEqualTo(pid);
        assertFails(() -> RuntimeFixture.finish(waiting("e1")), GrpcStatus.NOT_FOUND, "process does not exist e1");
        assertThat(get().getStatus()).isEqualTo(Status.RUNNING);
    }

    @Test
    void aShimThatDoesNotSayHowItsTaskIsLeavesItUnknown() throws Exception {
        create();
        shim.onState = _ -> {
            throw new ApiException(ApiException.Code.INTERNAL, "confused");
        };
        assertThat(get().getStatus()).isEqualTo(Status.UNKNOWN);
        shim.onState = _ -> {
            throw new ApiException(ApiException.Code.NOT_FOUND, "vanished");
        };
        assertFails(this::get, GrpcStatus.NOT_FOUND, "vanished");
        assertThat(fixture.call(TasksGrpcClient.List, ListTasksRequest.getDefaultInstance())
                        .getTasksList())
                .isEmpty();
        shim.onState = _ -> {};
        assertThat(fixture.call(TasksGrpcClient.List, ListTasksRequest.getDefaultInstance())
                        .getTasksList())
                .extracting(Process::getId)
                .containsExactly(ID);
    }

    @Test
    void aTaskIsTakenOverAfterARestart() throws Exception {
        int pid = create();
        start("");
        fixture.shut();
        fixture.open();
        assertThat(get().getPid()).isEqualTo(pid);
        assertThat(fixture.runtime().counts().tasks()).containsEntry(TaskState.RUNNING, 1L);
        RuntimeFixture.Started<WaitResponse> waiter = waiting("");
        shim.exit(ID, "", 9);
        assertThat(RuntimeFixture.finish(waiter).getExitStatus()).isEqualTo(9);
        delete();
        assertGone();
        assertThat(shim.actions()).containsExactly("start");
    }

    @Test
    void anExitDuringTheAbsenceIsReportedOnceAlsoWhenTheShimRetriesAndAfterAnotherRestart() throws Exception {
        int pid = create();
        start("");
        fixture.shut();
        shim.exit(ID, "", 5);
        fixture.open();
        assertThat(RuntimeFixture.finish(waiting("")).getExitStatus()).isEqualTo(5);
        shim.publishExit(fixture.options.ttrpcAddress(), "default", ID, pid, 5);
        fixture.shut();
        fixture.open();
        List<Envelope> events = publishedSoFar();
        assertThat(events).extracting(Envelope::getTopic).containsExactly("/tasks/exit");
        assertThat(TaskExit.parseFrom(events.getFirst().getEvent().getValue()).getExitStatus())
                .isEqualTo(5);
        assertThat(delete().getExitStatus()).isEqualTo(5);
        assertGone();
    }

    @Test
    void aShimThatDiedDuringTheAbsenceIsCleanedUpAndItsExitReported() throws Exception {
        int pid = create();
        start("");
        fixture.shut();
        shim.answerDelete(io.slipway.api.task.v2.DeleteResponse.newBuilder()
                .setPid(pid)
                .setExitStatus(137)
                .build());
        shim.die();
        fixture.open();
        assertGone();
        assertThat(publishedSoFar()).extracting(Envelope::getTopic).containsExactly("/tasks/exit", "/tasks/delete");
    }

    @Test
    void aShimWithoutAContainerIsEndedAtTheStart() throws Exception {
        create();
        fixture.shut();
        shim.processes.clear();
        fixture.open();
        assertGone();
        assertThat(shim.shutdowns).hasValue(1);
        assertThat(shim.actions()).containsExactly("start", "delete");
        assertThat(publishedSoFar()).isEmpty();
    }

    @Test
    void whatIsNoBundleIsSweptAtTheStart() throws Exception {
        fixture.shut();
        Files.createDirectories(fixture.bundle("empty"));
        Path strange = Files.createDirectories(fixture.bundle("strange"));
        Files.writeString(strange.resolve("file"), "x");
        Files.createDirectories(fixture.bundle(".half-removed"));
        Files.createDirectories(fixture.root.resolve("io.containerd.runtime.v2.task/default/orphan"));
        fixture.open();
        assertGone();
        assertThat(fixture.state.resolve("io.containerd.runtime.v2.task/default"))
                .isEmptyDirectory();
    }
}
