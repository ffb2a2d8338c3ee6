package io.slipway.daemon.cli;

import com.google.protobuf.FieldMask;
import io.slipway.api.services.containers.v1.Container;
import io.slipway.api.services.containers.v1.ContainersGrpcClient;
import io.slipway.api.services.containers.v1.UpdateContainerRequest;
import io.slipway.api.services.tasks.v1.WaitResponse;
import io.slipway.api.types.Mount;
import io.vertx.grpc.common.GrpcStatus;
import java.io.IOException;
import java.time.Duration;
import java.util.List;

/// `run` in the foreground: standard streams are the container's, signals are passed on, and the exit code is that of
/// its first process.
final class Attached {
    /// For the rest of the output after the process has ended; a reader of ours that does not read is the only reason
    /// why it could take long.
    private static final Duration OUTPUT_WITHIN = Duration.ofMinutes(10);

    private final Session session;
    private final Undo undo;

    Attached(Session session, Undo undo) {
        this.session = session;
        this.undo = undo;
    }

    int run(RunOptions options, List<Mount> rootfs)
            throws CallFailed, CommandFailed, IOException, InterruptedException {
        String id = options.id();
        Connection connection = session.connection();
        Globals globals = session.globals();
        ContainerFifos fifos = ContainerFifos.create(globals, id);
        undo.push("FIFOs of " + id, () -> fifos.abandon(globals, id));
        SignalForwarding signals = new SignalForwarding(connection, id);
        fifos.copy("stdout", session.terminal().out(), signals::outputUnwanted);
        fifos.copy("stderr", session.terminal().err(), signals::outputUnwanted);
        TaskStart task = new TaskStart(connection, globals, undo);
        task.create(id, rootfs, new TaskStart.Stdio(fifos.path("stdin"), fifos.path("stdout"), fifos.path("stderr")));
        WaitResponse exit;
        try (ExitWait wait = new ExitWait(connection, id);
                Signals.Subscription _ = signals.begin(session.signals())) {
            task.start(id);
            StdinPump.start(session.terminal().in(), fifos, connection, id);
            exit = wait.await();
        }
        // From here on the outcome is known: what cannot be tidied up is told, and does not change it.
        undo.forget();
        boolean complete = fifos.awaitEnd(OUTPUT_WITHIN);
        tidy(options, exit, complete);
        return exit.getExitStatus();
    }

    private void tidy(RunOptions options, WaitResponse exit, boolean complete) throws InterruptedException {
        String id = options.id();
        ContainerRemoval removal = new ContainerRemoval(session.connection(), session.globals());
        try {
            removal.removeTask(id);
            if (options.remove()) {
                removal.removeSnapshot(options.pull().snapshotter(), id);
                removal.removeRecord(id);
            } else {
                remember(id, exit);
            }
            ContainerFifos.remove(session.globals(), id);
            if (!complete) {
                warn(id, "not all of its output was read");
            }
        } catch (CallFailed e) {
            if (e.status() != GrpcStatus.NOT_FOUND) {
                warn(id, e.text());
            }
        } catch (CommandFailed | IOException e) {
            warn(id, String.valueOf(e.getMessage()));
        }
    }

    private void warn(String id, String what) {
        session.terminal()
                .err()
                .println(new CommandFailed(ExitCode.FAILED, id, what, "use `slipway rm -f " + id + "` to tidy up")
                        .line("run"));
    }

    /// The task, which knew the outcome, is gone; `ps -a` reads it from here.
    private void remember(String id, WaitResponse exit) throws CallFailed, CommandFailed, InterruptedException {
        session.connection()
                .call(
                        ContainersGrpcClient.Update,
                        UpdateContainerRequest.newBuilder()
                                .setContainer(Container.newBuilder()
                                        .setId(id)
                                        .putLabels(
                                                ContainerState.EXIT_STATUS_LABEL,
                                                Integer.toString(exit.getExitStatus()))
                                        .putLabels(
                                                ContainerState.EXITED_AT_LABEL,
                                                Messages.instant(exit.getExitedAt())
                                                        .toString()))
                                .setUpdateMask(FieldMask.newBuilder()
                                        .addPaths("labels." + ContainerState.EXIT_STATUS_LABEL)
                                        .addPaths("labels." + ContainerState.EXITED_AT_LABEL))
                                .build());
    }
}
