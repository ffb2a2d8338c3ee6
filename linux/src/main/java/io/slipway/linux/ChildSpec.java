package io.slipway.linux;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/// What to start, where, and with what: nothing is inherited that is not said here. Immutable; the withers copy.
public final class ChildSpec {
    /// Where standard output and standard error go.
    public sealed interface Output {
        /// Both into one text, cut at `maxBytes`.
        record Combined(int maxBytes) implements Output {}

        /// Each into its own text, each cut at `maxBytes`.
        record Separate(int maxBytes) implements Output {}

        /// Both into an open file.
        record ToFile(FileHandle file) implements Output {}

        /// Nowhere.
        record Discard() implements Output {}

        /// Standard input and output are the pipes of a [Filter]; of standard error the last `maxErrorBytes` are
        /// kept.
        record Streams(int maxErrorBytes) implements Output {}
    }

    /// Room for the output of a helper, in bytes.
    public static final int DEFAULT_OUTPUT_MAX = 1 << 20;

    /// Time after which a child is killed with its group.
    public static final Duration DEFAULT_DEADLINE = Duration.ofSeconds(30);

    private final List<String> command;
    private final Path directory;
    private final Map<String, String> environment;
    private final byte[] stdin;
    private final Output output;
    private final Duration deadline;
    private final OptionalInt oomScoreAdj;
    private final List<Descriptor> passed;
    private final Optional<byte[]> payload;

    private ChildSpec(
            List<String> command,
            Path directory,
            Map<String, String> environment,
            byte[] stdin,
            Output output,
            Duration deadline,
            OptionalInt oomScoreAdj,
            List<Descriptor> passed,
            Optional<byte[]> payload) {
        this.command = List.copyOf(command);
        this.directory = directory;
        this.environment = Map.copyOf(environment);
        this.stdin = stdin;
        this.output = output;
        this.deadline = deadline;
        this.oomScoreAdj = oomScoreAdj;
        this.passed = List.copyOf(passed);
        this.payload = payload;
    }

    /// A command with its arguments, in `/`, with an empty environment, no input, combined output of at most
    /// [#DEFAULT_OUTPUT_MAX], and [#DEFAULT_DEADLINE].
    ///
    /// @param command the first is the absolute path of the program (no PATH is searched)
    public static ChildSpec of(List<String> command) {
        if (command.isEmpty() || !command.getFirst().startsWith("/")) {
            throw new IllegalArgumentException("the program must be an absolute path: " + command);
        }
        return new ChildSpec(
                command,
                Path.of("/"),
                Map.of(),
                new byte[0],
                new Output.Combined(DEFAULT_OUTPUT_MAX),
                DEFAULT_DEADLINE,
                OptionalInt.empty(),
                List.of(),
                Optional.empty());
    }

    public ChildSpec directory(Path directory) {
        return new ChildSpec(command, directory, environment, stdin, output, deadline, oomScoreAdj, passed, payload);
    }

    /// The whole environment of the child.
    public ChildSpec environment(Map<String, String> environment) {
        return new ChildSpec(command, directory, environment, stdin, output, deadline, oomScoreAdj, passed, payload);
    }

    /// What the child reads before it sees the end; empty means `/dev/null`.
    public ChildSpec stdin(byte[] stdin) {
        return new ChildSpec(
                command, directory, environment, stdin.clone(), output, deadline, oomScoreAdj, passed, payload);
    }

    public ChildSpec output(Output output) {
        return new ChildSpec(command, directory, environment, stdin, output, deadline, oomScoreAdj, passed, payload);
    }

    /// After this long the child's whole process group is killed and the result says so. Zero: never.
    public ChildSpec deadline(Duration deadline) {
        return new ChildSpec(command, directory, environment, stdin, output, deadline, oomScoreAdj, passed, payload);
    }

    /// Overrides [ChildLimits#oomScoreAdj].
    public ChildSpec oomScoreAdj(int score) {
        return new ChildSpec(
                command, directory, environment, stdin, output, deadline, OptionalInt.of(score), passed, payload);
    }

    /// Open descriptors that the child gets as 3, 4, ... in this order. They stay the caller's to close.
    public ChildSpec pass(List<Descriptor> descriptors) {
        return new ChildSpec(
                command, directory, environment, stdin, output, deadline, oomScoreAdj, descriptors, payload);
    }

    /// What the child reads from a pipe that it gets as 3, before those of [#pass], to its end; may be empty.
    public ChildSpec payload(byte[] payload) {
        Optional<byte[]> copy = Optional.of(payload.clone());
        return new ChildSpec(command, directory, environment, stdin, output, deadline, oomScoreAdj, passed, copy);
    }

    public List<String> command() {
        return command;
    }

    public Path directory() {
        return directory;
    }

    public Map<String, String> environment() {
        return environment;
    }

    byte[] stdin() {
        return stdin;
    }

    public Output output() {
        return output;
    }

    public Duration deadline() {
        return deadline;
    }

    public OptionalInt oomScoreAdj() {
        return oomScoreAdj;
    }

    List<Descriptor> passed() {
        return passed;
    }

    Optional<byte[]> payload() {
        return payload;
    }

    /// Without the environment, which may hold secrets.
    @Override
    public String toString() {
        return String.join(" ", command);
    }
}
