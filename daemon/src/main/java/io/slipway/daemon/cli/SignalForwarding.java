package io.slipway.daemon.cli;

import io.slipway.api.services.tasks.v1.KillRequest;
import io.slipway.api.services.tasks.v1.TasksGrpcClient;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/// Passes signals on to a container's first process. One that ignores being asked to end is killed at the
/// [#PATIENCE]th time, so that ^C always ends a run.
final class SignalForwarding {
    private static final List<String> FORWARDED =
            List.of("INT", "TERM", "HUP", "USR1", "USR2", "CONT", "WINCH", "ALRM");
    private static final int PATIENCE = 3;

    private final Connection connection;
    private final String id;
    private final AtomicInteger endings = new AtomicInteger();

    SignalForwarding(Connection connection, String id) {
        this.connection = connection;
        this.id = id;
    }

    /// From now on, until the subscription is closed.
    Signals.Subscription begin(Signals signals) {
        return signals.on(FORWARDED, this::forward);
    }

    /// Ends the process whose output nobody reads any more. On the host it would get SIGPIPE; the first process of a
    /// container does not feel that, nor would the shim, which keeps a reading end open, send it.
    void outputUnwanted() {
        send(Signals.KILL);
    }

    private void forward(String name) {
        int number = Signals.number(name).orElse(Signals.TERMINATE);
        boolean isEnding = number == Signals.INTERRUPT || number == Signals.TERMINATE;
        send(isEnding && endings.incrementAndGet() >= PATIENCE ? Signals.KILL : number);
    }

    private void send(int number) {
        KillRequest request =
                KillRequest.newBuilder().setContainerId(id).setSignal(number).build();
        try {
            connection.call(TasksGrpcClient.Kill, request);
        } catch (CallFailed | CommandFailed _) {
            // It has ended, or the daemon is away; waiting for the end tells.
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }
}
