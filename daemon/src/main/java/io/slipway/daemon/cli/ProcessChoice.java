package io.slipway.daemon.cli;

import io.slipway.linux.Os;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Decides what a container runs and in which surroundings, from the image and the options.
record ProcessChoice(RunOptions options, ImageConfig config) {
    private static final String PATH_DEFAULT = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    /// As Docker's default.
    private static final long OPEN_FILES_MAX = 1_048_576;

    RuntimeSpec spec(String namespace, ContainerUser user, Terminal terminal) throws CommandFailed, IOException {
        return new RuntimeSpec(
                namespace,
                options.id(),
                arguments(),
                env(terminal.environment()),
                cwd(),
                user,
                options.hostNetwork(),
                // What this machine lets processes have: raising it further takes a capability that may be missing.
                Math.min(OPEN_FILES_MAX, Os.openFiles().hard()),
                Files.exists(Path.of("/sys/fs/cgroup/cgroup.controllers")));
    }

    private List<String> arguments() throws CommandFailed {
        List<String> arguments = config.arguments(options.command());
        if (arguments.isEmpty() || arguments.getFirst().isEmpty()) {
            throw new CommandFailed(
                    ExitCode.USAGE,
                    options.pull().reference().name(),
                    "the image has no command of its own",
                    "name one after the image");
        }
        for (String argument : arguments) {
            if (argument.indexOf('\0') >= 0) {
                throw new CommandFailed(
                        ExitCode.BAD_DATA, options.pull().reference().name(), "an argument contains NUL", "");
            }
        }
        return arguments;
    }

    /// The image's variables, then the given ones, with a PATH and the host name below both.
    List<String> env(Map<String, String> own) {
        Map<String, String> variables = new LinkedHashMap<>();
        variables.put("PATH", PATH_DEFAULT);
        variables.put("HOSTNAME", options.id());
        for (String entry : config.env()) {
            int equals = entry.indexOf('=');
            // Docker drops what has no value or no name.
            if (equals > 0) {
                variables.put(entry.substring(0, equals), entry.substring(equals + 1));
            }
        }
        for (String entry : options.env()) {
            int equals = entry.indexOf('=');
            if (equals > 0) {
                variables.put(entry.substring(0, equals), entry.substring(equals + 1));
            } else if (equals < 0) {
                String value = own.get(entry);
                if (value == null) {
                    variables.remove(entry);
                } else {
                    variables.put(entry, value);
                }
            }
        }
        List<String> env = new ArrayList<>();
        variables.forEach((name, value) -> env.add(name + "=" + value));
        return env;
    }

    /// Absolute. A directory below /proc could be an open directory of the host (CVE-2024-21626), so it is refused.
    String cwd() throws CommandFailed {
        String chosen = options.workingDir().orElse(config.workingDir());
        if (options.workingDir().isPresent() && !chosen.startsWith("/")) {
            throw new CommandFailed(
                    ExitCode.USAGE, "", "the working directory \"" + chosen + "\" is not absolute", "begin it with /");
        }
        String absolute;
        try {
            absolute = Path.of("/").resolve(chosen).normalize().toString();
        } catch (InvalidPathException e) {
            CommandFailed failed = new CommandFailed(
                    ExitCode.BAD_DATA,
                    options.pull().reference().name(),
                    "its working directory can't be a path: " + e.getReason(),
                    "choose another with -w");
            failed.initCause(e);
            throw failed;
        }
        if (absolute.equals("/proc") || absolute.startsWith("/proc/")) {
            throw new CommandFailed(
                    ExitCode.BAD_DATA,
                    options.pull().reference().name(),
                    "its working directory is " + absolute,
                    "choose another with -w");
        }
        return absolute;
    }
}
