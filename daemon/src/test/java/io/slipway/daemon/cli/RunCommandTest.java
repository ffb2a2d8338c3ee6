package io.slipway.daemon.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.slipway.api.services.containers.v1.Container;
import io.slipway.cas.ApiException;
import java.io.ByteArrayInputStream;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class RunCommandTest {
    private static final String NAME = "registry.test/lab/image:1";

    @TempDir
    Path dir;

    private FakeDaemon daemon;
    private FakeTasks tasks;
    private Shell shell;

    @BeforeEach
    void listen() throws Exception {
        daemon = new FakeDaemon();
        tasks = new FakeTasks(daemon);
        daemon.listen(dir.resolve("s"));
        daemon.layer = Files.createDirectory(dir.resolve("layer"));
        shell = new Shell(dir.resolve("s"));
    }

    @AfterEach
    void close() {
        daemon.close();
    }

    private void image() {
        daemon.snapshots.put(
                daemon.image(NAME, "{\"Entrypoint\":[\"/entry\"],\"Cmd\":[\"default\"],\"Env\":[\"A=1\"]}"), "");
    }

    private Json process(String id) throws Json.Malformed {
        Container container = FakeDaemon.found(daemon.containers, id, "container");
        assertThat(container.getSpec().getTypeUrl())
                .isEqualTo("types.containerd.io/opencontainers/runtime-spec/1/Spec");
        return Json.parse("spec", container.getSpec().getValue().toByteArray()).get("process");
    }

    @Test
    void detachedPrintsTheIdAloneAndLogsBelowTheDaemonsRoot() throws Exception {
        image();
        assertThat(shell.run("run", "-d", NAME, "serve", "--rm", "-d"))
                .as(shell.err())
                .isZero();
        String id = shell.out().strip();
        assertThat(id).matches("[0-9a-f]{12}");
        assertThat(shell.err()).isEmpty();
        assertThat(process(id).get("args").texts()).containsExactly("/entry", "serve", "--rm", "-d");
        FakeTasks.Task task = FakeDaemon.found(tasks.tasks, id, "task");
        assertThat(task.request.getStdout()).isEqualTo("file:///var/lib/a%20b/logs/default/" + id + ".log");
        assertThat(task.request.getStderr()).isEqualTo(task.request.getStdout());
        assertThat(task.request.getStdin()).isEmpty();
        assertThat(task.request.getRootfs(0).getType()).isEqualTo("bind");
        assertThat(daemon.leases).isEmpty();
        assertThat(daemon.snapshots).containsKey(id);
    }

    @Test
    void attachedCarriesAllThreeStreamsAndTheExitCode() throws Exception {
        image();
        tasks.program = (request, task) -> {
            try (OutputStream out = new FileOutputStream(request.getStdout());
                    OutputStream err = new FileOutputStream(request.getStderr())) {
                try (FileInputStream in = new FileInputStream(request.getStdin())) {
                    out.write("got ".getBytes(UTF_8));
                    out.write(in.readAllBytes());
                }
                task.stdinClosed.orTimeout(20, TimeUnit.SECONDS).join();
                err.write("complaint\n".getBytes(UTF_8));
            }
            return 42;
        };
        shell.in = new ByteArrayInputStream("input\n".getBytes(UTF_8));
        assertThat(shell.run("run", "--rm", "--name", "c1", NAME))
                .as(shell.err())
                .isEqualTo(42);
        assertThat(shell.out()).isEqualTo("got input\n");
        assertThat(shell.err()).isEqualTo("complaint\n");
        assertNothingLeft();
    }

    @Test
    void withoutRmTheContainerStaysWithItsExitStatus() {
        image();
        tasks.program = (request, _) -> {
            new FileOutputStream(request.getStdout()).close();
            new FileOutputStream(request.getStderr()).close();
            return 7;
        };
        assertThat(shell.run("run", "--name", "c1", NAME)).as(shell.err()).isEqualTo(7);
        assertThat(tasks.tasks).isEmpty();
        Shell ps = new Shell(dir.resolve("s"));
        assertThat(ps.run("ps")).isZero();
        assertThat(ps.out()).doesNotContain("c1");
        Shell all = new Shell(dir.resolve("s"));
        assertThat(all.run("ps", "-a")).isZero();
        assertThat(all.out()).contains("c1").contains("/entry default").contains("exited (7)");
        Shell rm = new Shell(dir.resolve("s"));
        assertThat(rm.run("rm", "c1")).as(rm.err()).isZero();
        assertThat(rm.out()).isEqualTo("c1\n");
        assertNothingLeft();
    }

    @Test
    void whatIsMissingIsPulledUnderTheLeaseOfTheRun() {
        daemon.transfer = (d, _) -> image();
        assertThat(shell.run("run", "-d", NAME)).as(shell.err()).isZero();
        assertThat(daemon.leaseHeaders).singleElement().asString().startsWith("slipway-run-");
    }

    @Test
    void anImageThatIsNotUnpackedIsPulledAgain() {
        String diffId = daemon.image(NAME, "{\"Cmd\":[\"x\"]}");
        daemon.transfer = (d, _) -> d.snapshots.put(diffId, "");
        assertThat(shell.run("run", "-d", NAME)).as(shell.err()).isZero();
    }

    @Test
    void anUnknownImageIs125AndSaysWhy() {
        daemon.transfer = (_, _) -> {
            throw new ApiException(ApiException.Code.NOT_FOUND, "registry.test: no such image");
        };
        assertThat(shell.run("run", NAME)).isEqualTo(125);
        assertThat(shell.err())
                .isEqualTo("slipway: run " + NAME + ": registry.test: no such image; check its name and tag\n");
        assertNothingLeft();
    }

    @Test
    void aCommandThatIsNotThereIs127AndEverythingIsTakenBack() {
        image();
        tasks.onCreate = (_, _) -> {
            throw new ApiException(
                    ApiException.Code.UNKNOWN,
                    "failed to create shim task: OCI runtime create failed: exec: \"nosuch\": executable file not found in"
                            + " $PATH: unknown");
        };
        assertThat(shell.run("run", NAME, "nosuch")).as(shell.err()).isEqualTo(127);
        assertThat(shell.err()).contains("executable file not found").hasLineCount(1);
        assertNothingLeft();
    }

    @Test
    void aFailureBeforeTheStartIs125AndEverythingIsTakenBack() {
        image();
        tasks.onCreate = (_, _) -> {
            throw new ApiException(ApiException.Code.UNKNOWN, "no shim");
        };
        assertThat(shell.run("run", "-d", NAME)).isEqualTo(125);
        assertThat(shell.out()).isEmpty();
        assertNothingLeft();
    }

    @Test
    void aNameInUseIsNotTouched() {
        image();
        assertThat(shell.run("run", "-d", "--name", "c1", NAME)).isZero();
        Shell second = new Shell(dir.resolve("s"));
        assertThat(second.run("run", "-d", "--name", "c1", NAME)).isEqualTo(125);
        assertThat(second.err()).contains("remove it with `slipway rm`").hasLineCount(1);
        assertThat(daemon.containers).containsKey("c1");
        assertThat(daemon.snapshots).containsKey("c1");
        assertThat(tasks.tasks).containsKey("c1");
    }

    @Test
    void aUserOfTheImageIsLookedUpInItsFiles() throws Exception {
        image();
        Files.createDirectory(dir.resolve("layer/etc"));
        Files.writeString(dir.resolve("layer/etc/passwd"), "web:x:33:34::/:/bin/sh\n");
        assertThat(shell.run("run", "-d", "--name", "c1", "-u", "web", "-w", "/x", "-e", "B=2", NAME))
                .as(shell.err())
                .isZero();
        assertThat(process("c1").get("user").get("uid").size()).isEqualTo(33);
        assertThat(process("c1").get("cwd").text()).isEqualTo("/x");
        assertThat(process("c1").get("env").texts()).contains("A=1", "B=2");
        Shell unknown = new Shell(dir.resolve("s"));
        assertThat(unknown.run("run", "-d", "--name", "c2", "-u", "nobody", NAME))
                .isEqualTo(125);
        assertThat(unknown.err()).contains("no user \"nobody\"").hasLineCount(1);
        assertThat(daemon.snapshots).doesNotContainKey("c2");
    }

    @Test
    void signalsArePassedOnAndTheThirdEndingKills() throws Exception {
        image();
        CountDownLatch running = new CountDownLatch(1);
        tasks.program = (request, task) -> {
            try (OutputStream _ = new FileOutputStream(request.getStdout());
                    OutputStream _ = new FileOutputStream(request.getStderr())) {
                running.countDown();
                return task.exit.join();
            }
        };
        AtomicReference<Integer> code = new AtomicReference<>();
        Thread run = Thread.ofPlatform().start(() -> code.set(shell.run("run", "--rm", "--name", "c1", NAME)));
        assertThat(running.await(20, TimeUnit.SECONDS)).isTrue();
        shell.signals.send("HUP");
        shell.signals.send("INT");
        shell.signals.send("TERM");
        assertThat(tasks.kills).containsExactly("c1 1", "c1 2", "c1 15");
        shell.signals.send("INT");
        run.join(20_000);
        assertThat(tasks.kills).endsWith("c1 9");
        assertThat(code.get()).isEqualTo(137);
        assertNothingLeft();
    }

    @Test
    void aRunWhoseOutputNobodyReadsEnds() {
        image();
        tasks.program = (request, task) -> {
            try (OutputStream out = new FileOutputStream(request.getStdout());
                    OutputStream _ = new FileOutputStream(request.getStderr())) {
                while (!task.exit.isDone()) {
                    out.write("y\n".getBytes(UTF_8));
                }
                return task.exit.join();
            }
        };
        shell.reader = new OutputStream() {
            @Override
            public void write(int b) throws IOException {
                throw new IOException("Broken pipe");
            }
        };
        assertThat(shell.run("run", "--rm", "--name", "c1", NAME)).isEqualTo(137);
        assertThat(tasks.kills).containsExactly("c1 9");
        assertNothingLeft();
    }

    @Test
    void interruptionBeforeTheStartTakesEverythingBackAndExitsWith130() throws Exception {
        image();
        CountDownLatch creating = new CountDownLatch(1);
        tasks.onCreate = (_, _) -> {
            creating.countDown();
            Thread.sleep(60_000);
            return 0;
        };
        AtomicReference<Integer> code = new AtomicReference<>();
        Thread run = Thread.ofPlatform().start(() -> code.set(shell.run("run", NAME)));
        assertThat(creating.await(20, TimeUnit.SECONDS)).isTrue();
        shell.signals.send("INT");
        run.join(20_000);
        assertThat(code.get()).isEqualTo(130);
        assertNothingLeft();
    }

    @Test
    void runningContainersAreRemovedByForceOnly() {
        image();
        tasks.program = (_, task) -> task.exit.join();
        assertThat(shell.run("run", "-d", "--name", "c1", NAME)).isZero();
        Awaitility.await("it runs").until(() -> {
            Shell ps = new Shell(dir.resolve("s"));
            return ps.run("ps") == 0 && ps.out().contains("running") && ps.out().contains("4711");
        });
        Shell gentle = new Shell(dir.resolve("s"));
        assertThat(gentle.run("rm", "c1")).isEqualTo(1);
        assertThat(gentle.err())
                .isEqualTo("slipway: rm c1: the container is running; use `slipway kill` first, or rm -f\n");
        Shell force = new Shell(dir.resolve("s"));
        assertThat(force.run("rm", "-f", "c1")).as(force.err()).isZero();
        assertThat(tasks.kills).containsExactly("c1 9");
        assertNothingLeft();
        Shell again = new Shell(dir.resolve("s"));
        assertThat(again.run("rm", "c1")).isEqualTo(3);
    }

    @Test
    void killSendsTheSignalAskedFor() {
        image();
        tasks.program = (_, task) -> task.exit.join();
        assertThat(shell.run("run", "-d", "--name", "c1", NAME)).isZero();
        Shell kill = new Shell(dir.resolve("s"));
        assertThat(kill.run("kill", "-s", "SIGUSR1", "c1", "nothere")).isEqualTo(3);
        assertThat(kill.out()).isEqualTo("c1\n");
        assertThat(kill.err())
                .isEqualTo("slipway: kill nothere: task \"nothere\": not found; `slipway ps -a` lists containers\n");
        assertThat(tasks.kills).containsExactly("c1 10");
    }

    @Test
    void theDirectoryOfPipesIsPrivate() throws Exception {
        image();
        AtomicReference<String> mode = new AtomicReference<>();
        tasks.program = (request, _) -> {
            Path pipe = Path.of(request.getStdout());
            Path directory = pipe.resolveSibling("");
            mode.set(PosixFilePermissions.toString(Files.getPosixFilePermissions(directory)) + " "
                    + PosixFilePermissions.toString(Files.getPosixFilePermissions(directory.resolve(".."))));
            new FileOutputStream(request.getStdout()).close();
            new FileOutputStream(request.getStderr()).close();
            return 0;
        };
        assertThat(shell.run("run", "--rm", NAME)).as(shell.err()).isZero();
        assertThat(mode.get()).isEqualTo("rwx------ rwx------");
    }

    private void assertNothingLeft() {
        Awaitility.await("everything is taken back").untilAsserted(() -> {
            assertThat(daemon.containers).isEmpty();
            assertThat(tasks.tasks).isEmpty();
            assertThat(daemon.leases).isEmpty();
            assertThat(daemon.snapshots.keySet()).allMatch(key -> key.startsWith("sha256:"));
            Path pipes = dir.resolve("cli");
            if (Files.exists(pipes)) {
                try (var left = Files.list(pipes)) {
                    assertThat(left).isEmpty();
                }
            }
        });
    }
}
