package io.slipway.daemon.cli;

import io.slipway.api.services.containers.v1.Container;
import io.slipway.api.v1.types.Process;
import io.slipway.api.v1.types.Status;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;

/// What a container is doing.
///
/// @param name `created`, `running`, `paused`, `exited` or `unknown`
/// @param exitStatus of a container that has exited
/// @param exitedAt likewise, where known
record ContainerState(String name, OptionalInt exitStatus, Optional<Instant> exitedAt) {
    /// How `run` in the foreground, which takes the task away at its end, leaves the outcome behind.
    static final String EXIT_STATUS_LABEL = "io.slipway/exit-status";

    static final String EXITED_AT_LABEL = "io.slipway/exited-at";

    static ContainerState of(Container container, Optional<Process> task) {
        if (task.isEmpty()) {
            return ofLabels(container);
        }
        Process process = task.get();
        if (process.getStatus() == Status.STOPPED) {
            Instant at = Messages.instant(process.getExitedAt());
            return new ContainerState(
                    "exited",
                    OptionalInt.of(process.getExitStatus()),
                    at.equals(Instant.EPOCH) ? Optional.empty() : Optional.of(at));
        }
        String name = process.getStatus() == Status.UNRECOGNIZED
                ? "unknown"
                : process.getStatus().name().toLowerCase(Locale.ROOT);
        return new ContainerState(name, OptionalInt.empty(), Optional.empty());
    }

    private static ContainerState ofLabels(Container container) {
        String status = container.getLabelsOrDefault(EXIT_STATUS_LABEL, "");
        if (!status.matches("[0-9]{1,3}")) {
            return new ContainerState("created", OptionalInt.empty(), Optional.empty());
        }
        Optional<Instant> at = Optional.empty();
        try {
            at = Optional.of(Instant.parse(container.getLabelsOrDefault(EXITED_AT_LABEL, "")));
        } catch (DateTimeParseException _) {
            // Labels are anybody's; without a time the status still counts.
        }
        return new ContainerState("exited", OptionalInt.of(Integer.parseInt(status)), at);
    }

    /// Whether there are processes.
    boolean isLive() {
        return name.equals("running") || name.equals("paused") || name.equals("pausing");
    }

    /// For a table.
    String text(Instant now) {
        String code = exitStatus.isPresent() ? " (" + exitStatus.getAsInt() + ")" : "";
        String since =
                exitedAt.map(at -> " " + Text.ago(Duration.between(at, now))).orElse("");
        return name + code + since;
    }
}
