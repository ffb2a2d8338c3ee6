package io.slipway.linux;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/// The only way this program starts another one.
///
/// A child begins clean, whatever the JVM did to this process: own process group, empty signal mask, every signal at
/// its default, no descriptor but 0, 1, 2 and those passed on purpose, the working directory and environment of its
/// spec and nothing else, and the limits of [ChildLimits]. Thread-safe.
public final class Spawner {
    private final Poller poller;
    private final Restored restored;

    /// @param poller serves the children's pipes and deaths; must stay open as long as children run
    public Spawner(Poller poller, ChildLimits limits) {
        this.poller = poller;
        this.restored = new Restored(limits);
    }

    /// Starts a child. Returns once the program was executed; blocks for about a millisecond.
    ///
    /// @throws LinuxException the program can't be executed (ENOENT, EACCES, ...), or the machine is out of
    ///     processes or descriptors
    public Child start(ChildSpec spec) throws IOException {
        try (ChildPipes pipes = open(spec)) {
            return begun(spec, pipes);
        }
    }

    /// Starts a child that turns one stream into another.
    ///
    /// @param maxErrorBytes of its standard error; the last ones are kept
    /// @throws LinuxException as [#start]
    public Filter filter(ChildSpec spec, int maxErrorBytes) throws IOException {
        ChildSpec streaming = spec.output(new ChildSpec.Output.Streams(maxErrorBytes));
        try (ChildPipes pipes = open(streaming)) {
            Child child = begun(streaming, pipes);
            return new Filter(child, Objects.requireNonNull(pipes.stdin), Objects.requireNonNull(pipes.stdout), poller);
        }
    }

    private static ChildPipes open(ChildSpec spec) throws IOException {
        requireExecutable(spec);
        return ChildPipes.open(spec);
    }

    private Child begun(ChildSpec spec, ChildPipes pipes) throws IOException {
        try {
            List<String> command = restored.wrap(
                    spec.command(), spec.oomScoreAdj(), spec.environment().keySet());
            int pid = spawn(spec, command, pipes);
            Child child = new Child(pid, spec, hold(pid), poller);
            child.begin(pipes);
            return child;
        } catch (IOException | RuntimeException e) {
            pipes.closeOurs();
            throw e;
        }
    }

    /// Starts a child and waits for its end.
    public ChildResult run(ChildSpec spec) throws IOException, InterruptedException {
        try (Child child = start(spec)) {
            return child.await();
        }
    }

    private static int spawn(ChildSpec spec, List<String> command, ChildPipes pipes) throws IOException {
        List<String> environment = new ArrayList<>();
        spec.environment().forEach((name, value) -> environment.add(name + "=" + value));
        List<Descriptor> theirs = new ArrayList<>(pipes.theirs());
        theirs.addAll(spec.passed());
        try (Raised raised = Raised.above(theirs)) {
            String directory = spec.directory().toAbsolutePath().toString();
            return Spawn.start(command.getFirst(), command, environment, directory, raised.numbers());
        }
    }

    /// With a shell in front the kernel's word on the program would only be an exit code.
    private static void requireExecutable(ChildSpec spec) throws IOException {
        Path program = Path.of(spec.command().getFirst());
        if (!Files.exists(program)) {
            throw new LinuxException("posix_spawn", program.toString(), Errno.ENOENT);
        }
        if (!Files.isRegularFile(program) || !Files.isExecutable(program)) {
            throw new LinuxException("posix_spawn", program.toString(), Errno.EACCES);
        }
        if (!Files.isDirectory(spec.directory())) {
            throw new LinuxException("chdir", spec.directory().toString(), Errno.ENOENT);
        }
    }

    /// Takes hold of the child. It can't have been reaped: only we may.
    private static PidFd hold(int pid) throws IOException {
        try {
            return PidFd.open(pid);
        } catch (IOException | RuntimeException e) {
            Child.killAndReap(pid);
            throw e;
        }
    }
}
