package io.slipway.daemon.cli;

import io.slipway.api.services.containers.v1.Container;
import io.slipway.api.services.containers.v1.ContainersGrpcClient;
import io.slipway.api.services.containers.v1.ListContainersRequest;
import io.slipway.api.services.tasks.v1.ListTasksRequest;
import io.slipway.api.services.tasks.v1.TasksGrpcClient;
import io.slipway.api.v1.types.Process;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/// `slipway ps`.
final class PsCommand implements Command {
    private static final int COMMAND_CHARS_MAX = 40;

    @Override
    public CommandSpec spec() {
        CommandSpec spec = CommandSpec.create().name("ps");
        spec.usageMessage().description("Lists containers that run, or all with -a.");
        spec.addOption(Slipway.flag("also those that do not run", "-a", "--all"));
        return spec;
    }

    @Override
    public int run(ParseResult arguments, Session session) throws CommandFailed, CallFailed, InterruptedException {
        Connection connection = session.connection();
        List<Container> containers = new ArrayList<>(connection
                .call(ContainersGrpcClient.List, ListContainersRequest.getDefaultInstance())
                .getContainersList());
        Map<String, Process> tasks = new HashMap<>();
        for (Process task : connection
                .call(TasksGrpcClient.List, ListTasksRequest.getDefaultInstance())
                .getTasksList()) {
            // The id field is the container's for a container's first process; container_id may be left empty.
            tasks.put(task.getContainerId().isEmpty() ? task.getId() : task.getContainerId(), task);
        }
        containers.sort(Comparator.comparing((Container c) -> Messages.instant(c.getCreatedAt()))
                .reversed()
                .thenComparing(Container::getId));
        boolean all = arguments.matchedOptionValue("--all", false);
        Instant now = session.clock().instant();
        List<List<String>> rows = new ArrayList<>();
        rows.add(List.of("CONTAINER", "IMAGE", "COMMAND", "CREATED", "STATUS", "PID"));
        List<Object> json = new ArrayList<>();
        for (Container container : containers) {
            Optional<Process> task = Optional.ofNullable(tasks.get(container.getId()));
            ContainerState state = ContainerState.of(container, task);
            if (all || state.isLive()) {
                rows.add(row(container, task, state, now));
                json.add(json(container, task, state));
            }
        }
        session.result(json, Text.table(rows));
        return ExitCode.OK.number();
    }

    private static List<String> row(Container container, Optional<Process> task, ContainerState state, Instant now) {
        String command = String.join(" ", arguments(container));
        String shown = Text.oneLine(
                command.length() > COMMAND_CHARS_MAX ? command.substring(0, COMMAND_CHARS_MAX - 3) + "..." : command);
        return List.of(
                container.getId(),
                Text.oneLine(container.getImage()),
                shown.isEmpty() ? "-" : shown,
                Text.ago(Duration.between(Messages.instant(container.getCreatedAt()), now)),
                state.text(now),
                task.filter(_ -> state.isLive())
                        .map(t -> Integer.toString(t.getPid()))
                        .orElse("-"));
    }

    private static Map<String, Object> json(Container container, Optional<Process> task, ContainerState state) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("id", container.getId());
        json.put("image", container.getImage());
        json.put("command", arguments(container));
        json.put("created_at", Messages.instant(container.getCreatedAt()).toString());
        json.put("status", state.name());
        task.filter(_ -> state.isLive()).ifPresent(t -> json.put("pid", t.getPid()));
        state.exitStatus().ifPresent(code -> json.put("exit_status", code));
        json.put("labels", container.getLabelsMap());
        return json;
    }

    private static List<String> arguments(Container container) {
        if (!Messages.is(container.getSpec(), RuntimeSpec.TYPE_NAME)) {
            return List.of();
        }
        try {
            return Json.parse("runtime spec", container.getSpec().getValue().toByteArray())
                    .get("process")
                    .get("args")
                    .texts();
        } catch (Json.Malformed _) {
            // Made by another client; its command is not ours to judge.
            return List.of();
        }
    }
}
