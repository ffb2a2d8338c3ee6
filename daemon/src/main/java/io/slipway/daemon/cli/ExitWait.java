package io.slipway.daemon.cli;

import io.slipway.api.services.tasks.v1.TasksGrpcClient;
import io.slipway.api.services.tasks.v1.WaitRequest;
import io.slipway.api.services.tasks.v1.WaitResponse;
import io.vertx.grpc.common.GrpcStatus;
import java.time.Duration;
import java.util.Optional;

/// Waits for the end of a container's first process. Opened before the start, so that no end is missed. The container
/// runs on when the daemon restarts, and so does this: it asks again, for [#AWAY_MAX].
final class ExitWait implements AutoCloseable {
    private static final Duration AWAY_MAX = Duration.ofMinutes(2);
    private static final Duration PAUSE = Duration.ofMillis(500);

    private final Connection connection;
    private final String id;
    private Exchange<WaitRequest, WaitResponse> waiting;

    ExitWait(Connection connection, String id) throws CallFailed, CommandFailed, InterruptedException {
        this.connection = connection;
        this.id = id;
        this.waiting = ask();
    }

    private Exchange<WaitRequest, WaitResponse> ask() throws CallFailed, CommandFailed, InterruptedException {
        return connection.stream(
                TasksGrpcClient.Wait,
                WaitRequest.newBuilder().setContainerId(id).build());
    }

    WaitResponse await() throws CallFailed, CommandFailed, InterruptedException {
        while (true) {
            try {
                Optional<WaitResponse> exit = waiting.next();
                return exit.orElseThrow(
                        () -> new CallFailed(GrpcStatus.INTERNAL, "the daemon ended the wait without an answer"));
            } catch (CallFailed e) {
                if (e.status() != GrpcStatus.UNAVAILABLE) {
                    throw e;
                }
                waiting.close();
                waiting = askAgain(e);
            }
        }
    }

    private Exchange<WaitRequest, WaitResponse> askAgain(CallFailed lost) throws CallFailed, InterruptedException {
        long deadline = System.nanoTime() + AWAY_MAX.toNanos();
        while (System.nanoTime() < deadline) {
            Thread.sleep(PAUSE);
            try {
                return ask();
            } catch (CallFailed | CommandFailed _) {
                // Still away.
            }
        }
        throw lost;
    }

    @Override
    public void close() {
        waiting.close();
    }
}
