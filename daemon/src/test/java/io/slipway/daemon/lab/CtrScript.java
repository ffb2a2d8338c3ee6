package io.slipway.daemon.lab;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/// Shell lines that use `ctr`, run one after another against one daemon. Each line is a step:
///
/// * `line`: succeeds
/// * `! line`: fails
/// * `~ line`: containerd lets it through, Slipway refuses it as invalid
/// * `# words`
public final class CtrScript {
    private static final List<String> KINDS = List.of(
            "not found",
            "already exists",
            "invalid argument",
            "failed precondition",
            "unavailable",
            "not implemented",
            "out of range",
            "unknown");
    private static final Pattern LABELS = Pattern.compile("[^\\s,]+=[^\\s,]*(,[^\\s,]+=[^\\s,]*)+");

    private final List<Step> steps;

    private CtrScript(List<Step> steps) {
        this.steps = steps;
    }

    /// What is expected of a step.
    public enum Expected {
        SUCCESS,
        FAILURE,
        REFUSED_BY_SLIPWAY
    }

    /// One line.
    public record Step(String command, Expected expected) {
        static Step of(String line) {
            return switch (line.charAt(0)) {
                case '!' -> new Step(line.substring(1).strip(), Expected.FAILURE);
                case '~' -> new Step(line.substring(1).strip(), Expected.REFUSED_BY_SLIPWAY);
                default -> new Step(line, Expected.SUCCESS);
            };
        }
    }

    /// What a step did, without what differs from run to run: times, rates, random ids, ports, the order of labels.
    ///
    /// @param kind class of the error, as containerd's clients tell them apart; empty on success
    /// @param stderr as it was, for the reader of a failure
    public record Outcome(int exit, String stdout, String kind, String stderr) {
        static Outcome of(LabProcess.Result result) {
            return new Outcome(
                    result.exit(),
                    steady(result.stdout()),
                    result.exit() == 0 ? "" : kind(result.stderr()),
                    result.stderr());
        }

        private static String steady(String text) {
            String steady = text.replaceAll("127\\.0\\.0\\.1:\\d+", "REGISTRY")
                    .replaceAll("import-\\d{4}-\\d\\d-\\d\\d", "import-DATE")
                    .replaceAll("\\d{4}-\\d\\d-\\d\\d[T ]\\S+", "TIME")
                    .replaceAll("Less than a second|About a minute", "SPAN")
                    .replaceAll("\\d+(\\.\\d+)? ?(seconds?|minutes?|s|ms|µs)( ago)?\\b", "SPAN")
                    .replaceAll("elapsed: ?\\S+.*", "")
                    .replaceAll("\\d{9,}-\\S+", "RANDOM");
            steady = LABELS.matcher(steady).replaceAll(CtrScript::sorted);
            return String.join(
                    "\n",
                    steady.lines()
                            .map(line -> line.substring(line.lastIndexOf('\r') + 1))
                            .map(line -> line.replaceAll("\\s+", " ").strip())
                            .toList());
        }

        private static String kind(String stderr) {
            List<String> lines = stderr.lines().filter(line -> !line.isBlank()).toList();
            // containerd gives some refusals the class "unknown" behind their own.
            String last = lines.isEmpty() ? "" : lines.getLast().strip().replaceAll(": unknown$", "");
            return KINDS.stream().filter(last::endsWith).findFirst().orElse("other");
        }

        /// Exit code, output and kind of error; not its words.
        public boolean isLike(Outcome other) {
            return exit == other.exit && stdout.equals(other.stdout) && kind.equals(other.kind);
        }
    }

    private static String sorted(MatchResult labels) {
        String[] pairs = labels.group().split(",");
        Arrays.sort(pairs);
        return java.util.regex.Matcher.quoteReplacement(String.join(",", pairs));
    }

    /// The script `/ctr/NAME.txt` of the test's resources.
    public static CtrScript named(String name) {
        try (InputStream in = CtrScript.class.getResourceAsStream("/ctr/" + name + ".txt")) {
            if (in == null) {
                throw new IllegalArgumentException("no script " + name);
            }
            List<Step> steps = new ArrayList<>();
            for (String line : new String(in.readAllBytes(), StandardCharsets.UTF_8).split("\n", -1)) {
                if (!line.isBlank() && !line.startsWith("#")) {
                    steps.add(Step.of(line));
                }
            }
            return new CtrScript(steps);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public List<Step> steps() {
        return steps;
    }

    /// A directory in which steps run against one daemon, with the files of [LabArchives].
    public static final class Side {
        private final Path directory;
        private final Map<String, String> environment;

        /// @param registry `HOST:PORT` for the steps' `$REGISTRY`
        public Side(Path directory, Path socket, String registry, String namespace) throws IOException {
            this.directory = directory;
            LabArchives.write(directory);
            Path bin = Files.createDirectories(directory.resolve("bin"));
            Path ctr = bin.resolve("ctr");
            Files.writeString(ctr, "#!/bin/sh\nexec /usr/bin/ctr --address '" + socket + "' \"$@\"\n");
            if (!ctr.toFile().setExecutable(true)) {
                throw new IOException("cannot make " + ctr + " executable");
            }
            this.environment = Map.of(
                    "PATH",
                    bin + ":/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                    "CONTAINERD_NAMESPACE",
                    namespace,
                    "REGISTRY",
                    registry);
        }

        /// Runs one step.
        public Outcome run(Step step) throws IOException, InterruptedException {
            return Outcome.of(LabProcess.run(
                    environment, List.of("bash", "-c", "cd '" + directory + "' && { " + step.command() + "\n}")));
        }
    }
}
