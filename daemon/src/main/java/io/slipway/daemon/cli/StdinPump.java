package io.slipway.daemon.cli;

import io.slipway.api.services.tasks.v1.CloseIORequest;
import io.slipway.api.services.tasks.v1.TasksGrpcClient;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;

/// Carries standard input into a container. At its end the daemon is told, too: the shim keeps the pipe open itself, so
/// that closing it here is not the end for the process.
final class StdinPump {
    private static final int BUFFER_BYTES = 32 * 1024;

    private StdinPump() {}

    /// Starts the thread that does it; it ends with the input, or with the process.
    static void start(InputStream in, ContainerFifos fifos, Connection connection, String id) {
        Thread.ofPlatform().daemon().name("stdin").start(() -> {
            try {
                copy(in, fifos);
                connection.call(
                        TasksGrpcClient.CloseIO,
                        CloseIORequest.newBuilder()
                                .setContainerId(id)
                                .setStdin(true)
                                .build());
            } catch (IOException | CallFailed | CommandFailed _) {
                // The container is gone, or never was.
            } catch (InterruptedException _) {
                Thread.currentThread().interrupt();
            }
        });
    }

    private static void copy(InputStream in, ContainerFifos fifos) throws IOException {
        try (OutputStream out = fifos.stdin()) {
            byte[] buffer = new byte[BUFFER_BYTES];
            int read = in.read(buffer);
            while (read >= 0) {
                out.write(buffer, 0, read);
                read = in.read(buffer);
            }
        }
    }
}
