package io.slipway.linux;

import static io.slipway.linux.Bytes.b;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SpawnerTest {
    @TempDir
    Path temp = Path.of("/");

    private final Poller poller = start();
    private final Spawner spawner = new Spawner(poller, ChildLimits.UNCHANGED);

    private static Poller start() {
        try {
            return Poller.start("test-children");
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @AfterEach
    void close() {
        poller.close();
    }

    private static ChildSpec shell(String script, String... arguments) {
        List<String> command = new java.util.ArrayList<>(List.of("/bin/sh", "-c", script, "sh"));
        command.addAll(List.of(arguments));
        return ChildSpec.of(command);
    }

    @Test
    void capturesOutputAndErrorsTogetherOrApart() throws Exception {
        ChildSpec spec = shell("echo out; echo err >&2; exit 3");
        ChildResult together = spawner.run(spec);
        assertThat(together.exit()).isEqualTo(new Exit.Exited(3));
        assertThat(together.outputText()).isEqualTo("out\nerr\n");
        assertThat(together.errorText()).isEmpty();
        ChildResult apart = spawner.run(spec.output(new ChildSpec.Output.Separate(100)));
        assertThat(apart.outputText()).isEqualTo("out\n");
        assertThat(apart.errorText()).isEqualTo("err\n");
        assertThat(apart.truncated()).isFalse();
        ChildResult nowhere = spawner.run(spec.output(new ChildSpec.Output.Discard()));
        assertThat(nowhere.output()).isEmpty();
    }

    @Test
    void writesToAFile() throws Exception {
        try (FileHandle log = FileHandle.openForAppending(temp.resolve("log"))) {
            spawner.run(shell("echo out; echo err >&2").output(new ChildSpec.Output.ToFile(log)));
            spawner.run(shell("echo more").output(new ChildSpec.Output.ToFile(log)));
        }
        assertThat(temp.resolve("log")).hasContent("out\nerr\nmore\n");
    }

    @Test
    void boundsOutputWithoutStoppingTheChild() throws Exception {
        ChildResult result =
                spawner.run(shell("yes | head -c 3000000; echo done >&2").output(new ChildSpec.Output.Separate(1000)));
        assertThat(result.output()).hasSize(1000);
        assertThat(result.truncated()).isTrue();
        assertThat(result.errorText()).isEqualTo("done\n");
        assertThat(result.exit().success()).isTrue();
    }

    @Test
    void feedsInputOfAnySizeAndThenEndsIt() throws Exception {
        byte[] input = new byte[500_000];
        Arrays.fill(input, (byte) 'x');
        ChildResult counted = spawner.run(shell("sleep 0.05; wc -c").stdin(input));
        assertThat(counted.outputText().strip()).isEqualTo("500000");
        assertThat(spawner.run(shell("cat")).output()).isEmpty();
        ChildResult ignored = spawner.run(shell("exec 0<&-; echo ok").stdin(input));
        assertThat(ignored.outputText()).isEqualTo("ok\n");
    }

    @Test
    void hasOnlyTheEnvironmentAndDirectoryOfItsSpec() throws Exception {
        ChildResult result = spawner.run(ChildSpec.of(List.of("/usr/bin/env")).environment(Map.of("A", "b=c\u00e9")));
        assertThat(result.outputText()).isEqualTo("A=b=c\u00e9\n");
        assertThat(spawner.run(ChildSpec.of(List.of("/bin/pwd")).directory(temp))
                        .outputText())
                .isEqualTo(temp.toRealPath() + "\n");
        assertThat(spawner.run(ChildSpec.of(List.of("/bin/pwd"))).outputText()).isEqualTo("/\n");
    }

    @Test
    void startsCleanWhateverTheJvmDid() throws Exception {
        Files.createFile(temp.resolve("f"));
        // What the JDK opens is not closed on exec.
        try (java.io.FileInputStream inheritable =
                new java.io.FileInputStream(temp.resolve("f").toFile())) {
            assertThat(inheritable.getFD().valid()).isTrue();
            ChildResult result = spawner.run(shell("grep -E '^Sig(Blk|Ign)' /proc/self/status; ls /proc/self/fd;"
                    + " cut -d' ' -f5 /proc/self/stat; echo $$"));
            List<String> lines = result.outputText().lines().toList();
            assertThat(lines.subList(0, 2))
                    .extracting(line -> line.split("\\s+", -1)[1])
                    .containsExactly("0000000000000000", "0000000000000000");
            // The fourth is the one that ls itself opens to list.
            assertThat(lines.subList(2, 6)).containsExactly("0", "1", "2", "3");
            assertThat(lines.get(6)).isEqualTo(lines.get(7));
        }
    }

    @Test
    void passesDescriptorsInOrderFromThreeOn() throws Exception {
        try (FileHandle one = FileHandle.openOrCreate(temp.resolve("one"));
                FileHandle two = FileHandle.openOrCreate(temp.resolve("two"))) {
            ChildResult result = spawner.run(
                    shell("echo 1 >&3; echo 2 >&4; ls /proc/self/fd | wc -l").pass(List.of(one, two)));
            assertThat(result.outputText().strip()).isEqualTo("6");
        }
        assertThat(temp.resolve("one")).hasContent("1\n");
        assertThat(temp.resolve("two")).hasContent("2\n");
    }

    @Test
    void killsTheWholeGroupAtTheDeadline() throws Exception {
        ChildResult result =
                spawner.run(shell("echo $$; sleep 1000 & echo $!; wait").deadline(Duration.ofSeconds(2)));
        assertThat(result.timedOut()).isTrue();
        assertThat(result.exit()).isEqualTo(new Exit.Signalled(9));
        assertThat(result.exit().status()).isEqualTo(137);
        int grandchild = Integer.parseInt(result.outputText().lines().toList().get(1));
        await("the grandchild is dead").until(() -> isDead(grandchild));
    }

    @Test
    void aProcessLeftBehindDelaysNothing() throws Exception {
        long start = System.nanoTime();
        ChildResult result = spawner.run(shell("setsid sleep 1000 & echo $!"));
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(20));
        assertThat(result.exit().success()).isTrue();
        try (PidFd left = PidFd.open(Integer.parseInt(result.outputText().strip()))) {
            assertThat(left.alive()).isTrue();
            left.signal(9);
        }
    }

    @Test
    void closeKillsAndAnInterruptDoesNot() throws Exception {
        Child child = spawner.start(shell("sleep 1000"));
        Thread.currentThread().interrupt();
        org.assertj.core.api.Assertions.assertThatThrownBy(child::await).isInstanceOf(InterruptedException.class);
        assertThat(isDead(child.pid())).isFalse();
        child.close();
        assertThat(child.await().exit()).isEqualTo(new Exit.Signalled(9));
        child.close();
        child.signalGroup(9);
        assertThat(child.result().join().timedOut()).isFalse();
        await("reaped").until(() -> !Files.exists(Path.of("/proc/" + child.pid())));
    }

    @Test
    void signalsTheGroup() throws Exception {
        try (Child child =
                spawner.start(shell("trap 'echo term; exit 7' TERM; echo ready; while :; do sleep 0.01; done"))) {
            await("the trap is set")
                    .until(() -> Files.readString(Path.of("/proc/" + child.pid() + "/status"))
                            .lines()
                            .anyMatch(line -> line.startsWith("SigCgt") && line.endsWith("4002")));
            child.signalGroup(15);
            assertThat(child.await().exit()).isEqualTo(new Exit.Exited(7));
        }
    }

    @Test
    void saysWhyAProgramCannotBeExecuted() throws IOException {
        Path notExecutable = Files.createFile(temp.resolve("f"));
        Path garbage = Files.write(temp.resolve("garbage"), b("\u007fELFnonsense"));
        assertThat(garbage.toFile().setExecutable(true)).isTrue();
        long before = DirTest.openDescriptors();
        DirTest.assertFails(Errno.ENOENT, () -> spawner.run(ChildSpec.of(List.of("/no/such/program"))));
        DirTest.assertFails(Errno.EACCES, () -> spawner.run(ChildSpec.of(List.of(notExecutable.toString()))));
        DirTest.assertFails(Errno.EACCES, () -> spawner.run(ChildSpec.of(List.of("/tmp"))));
        DirTest.assertFails(Errno.ENOENT, () -> spawner.run(shell("true").directory(temp.resolve("absent"))));
        DirTest.assertFails(Errno.ENOEXEC, () -> spawner.run(ChildSpec.of(List.of(garbage.toString()))));
        assertThat(DirTest.openDescriptors()).isEqualTo(before);
    }

    @Test
    void leaksNeitherDescriptorsNorZombies() throws Exception {
        spawner.run(shell("true"));
        long before = DirTest.openDescriptors();
        for (int i = 0; i < 30; i++) {
            spawner.run(shell("cat; echo x").stdin(b("hello")).output(new ChildSpec.Output.Separate(10)));
        }
        assertThat(DirTest.openDescriptors()).isEqualTo(before);
        try (var children =
                Files.lines(Path.of("/proc/self/task/" + ProcessHandle.current().pid() + "/children"))) {
            assertThat(children).allMatch(String::isBlank);
        }
    }

    @Test
    void restoresTheSoftLimitOfOpenFilesWithoutTouchingTheEnvironment() throws Exception {
        Spawner limited = new Spawner(poller, new ChildLimits(OptionalLong.of(777), OptionalInt.empty()));
        ChildResult limits = limited.run(shell("ulimit -S -n; ulimit -H -n"));
        assertThat(limits.outputText().lines())
                .containsExactly("777", Long.toString(Os.openFiles().hard()));
        ChildResult environment =
                limited.run(ChildSpec.of(List.of("/usr/bin/env")).environment(Map.of("A", "b")));
        assertThat(environment.outputText()).isEqualTo("A=b\n");
        ChildResult arguments = limited.run(ChildSpec.of(List.of("/bin/echo", "a b", "$HOME", "'", "-n")));
        assertThat(arguments.outputText()).isEqualTo("a b $HOME ' -n\n");
        ChildResult clean = limited.run(ChildSpec.of(List.of("/bin/ls", "/proc/self/fd")));
        assertThat(clean.outputText().lines()).containsExactly("0", "1", "2", "3");
    }

    @Test
    void clampsASoftLimitThatTheKernelWouldRefuse() throws Exception {
        long hard = Os.openFiles().hard();
        Spawner limited = new Spawner(poller, new ChildLimits(OptionalLong.of(hard + 1), OptionalInt.empty()));
        assertThat(limited.run(shell("ulimit -S -n")).outputText()).isEqualTo(hard + "\n");
    }

    @Test
    void raisesTheOomScore() throws Exception {
        Spawner limited = new Spawner(poller, new ChildLimits(OptionalLong.empty(), OptionalInt.of(500)));
        assertThat(limited.run(shell("cat /proc/self/oom_score_adj")).outputText())
                .isEqualTo("500\n");
        assertThat(limited.run(shell("cat /proc/self/oom_score_adj").oomScoreAdj(700))
                        .outputText())
                .isEqualTo("700\n");
    }

    @Test
    void lowersTheOomScoreOnlyWhereTheKernelAllows() throws Exception {
        Spawner limited = new Spawner(poller, new ChildLimits(OptionalLong.empty(), OptionalInt.of(-998)));
        // CAP_SYS_RESOURCE; without it the child keeps what we have.
        String expected = Capabilities.effective(24) ? "-998" : Os.line("/proc/self/oom_score_adj");
        assertThat(limited.run(shell("cat /proc/self/oom_score_adj")).outputText())
                .isEqualTo(expected + "\n");
    }

    private static boolean isDead(int pid) throws IOException {
        try (PidFd process = PidFd.open(pid)) {
            return !process.alive();
        } catch (LinuxException e) {
            return e.errno() == Errno.ESRCH;
        }
    }
}
