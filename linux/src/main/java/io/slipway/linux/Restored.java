package io.slipway.linux;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Gives children back the limits that this process changed for itself: a POSIX shell sets them and becomes the
/// program. (Nothing can set another's limits between its fork and its exec; afterwards it would be too late.)
final class Restored {
    private static final Logger LOG = LoggerFactory.getLogger(Restored.class);

    private static final String SHELL = "/bin/sh";

    /// Variables that a shell adds by itself; they go unless the child was to have them.
    private static final List<String> OF_THE_SHELL = List.of("PWD", "OLDPWD", "SHLVL");

    private static final String SCRIPT = """
            [ -z "$1" ] || ulimit -S -n "$1" || :
            [ -z "$2" ] || { echo "$2" >/proc/self/oom_score_adj; } 2>/dev/null || :
            shift 2
            """;

    /// The bit of CAP_SYS_RESOURCE in `linux/capability.h`
    private static final int CAP_SYS_RESOURCE = 24;

    private final ChildLimits limits;
    private final AtomicBoolean warned = new AtomicBoolean();

    Restored(ChildLimits limits) {
        this.limits = limits;
    }

    /// The command that ends in `command`, with the limits set; `command` itself when nothing is to be set.
    List<String> wrap(List<String> command, OptionalInt oomScoreAdj, Set<String> variables) throws IOException {
        OptionalLong files = files();
        OptionalInt score = score(oomScoreAdj.isPresent() ? oomScoreAdj : limits.oomScoreAdj());
        if (files.isEmpty() && score.isEmpty()) {
            return command;
        }
        StringBuilder script = new StringBuilder(SCRIPT);
        for (String variable : OF_THE_SHELL) {
            if (!variables.contains(variable)) {
                script.append("unset ").append(variable).append('\n');
            }
        }
        List<String> wrapped = new ArrayList<>();
        wrapped.add(SHELL);
        wrapped.add("-c");
        wrapped.add(script.append("exec \"$@\"\n").toString());
        wrapped.add("slipway-child");
        wrapped.add(files.isPresent() ? Long.toString(files.getAsLong()) : "");
        wrapped.add(score.isPresent() ? Integer.toString(score.getAsInt()) : "");
        wrapped.addAll(command);
        return wrapped;
    }

    private OptionalLong files() throws IOException {
        if (limits.softOpenFiles().isEmpty()) {
            return OptionalLong.empty();
        }
        Os.OpenFiles now = Os.openFiles();
        long wanted = limits.softOpenFiles().getAsLong();
        if (wanted > now.hard()) {
            warnOnce("open_files", wanted, now.hard());
            wanted = now.hard();
        }
        return wanted == now.soft() ? OptionalLong.empty() : OptionalLong.of(wanted);
    }

    private OptionalInt score(OptionalInt wanted) throws IOException {
        if (wanted.isEmpty()) {
            return wanted;
        }
        int now = Integer.parseInt(Os.line("/proc/self/oom_score_adj"));
        if (wanted.getAsInt() == now) {
            return OptionalInt.empty();
        }
        if (wanted.getAsInt() < now && !Capabilities.effective(CAP_SYS_RESOURCE)) {
            warnOnce("oom_score_adj", wanted.getAsInt(), now);
            return OptionalInt.empty();
        }
        return wanted;
    }

    private void warnOnce(String limit, long wanted, long granted) {
        if (warned.compareAndSet(false, true)) {
            LOG.atWarn()
                    .addKeyValue("limit", limit)
                    .addKeyValue("wanted", wanted)
                    .addKeyValue("granted", granted)
                    .log("Children don't get the limits asked for: that needs CAP_SYS_RESOURCE");
        }
    }
}
