package io.slipway.daemon;

import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.file.FileSystemOptions;
import java.time.Duration;

/// The one Vert.x of the daemon.
final class EventLoops {
    private static final Duration CLOSE = Duration.ofSeconds(3);
    /// Each check is a wake-up of an idle daemon.
    private static final Duration BLOCKED_CHECK = Duration.ofSeconds(10);

    private EventLoops() {}

    static Vertx start(Closing closing) {
        Vertx vertx = Vertx.vertx(new VertxOptions()
                // Only epoll has unix sockets.
                .setPreferNativeTransport(true)
                .setEventLoopPoolSize(Math.max(2, Runtime.getRuntime().availableProcessors()))
                // Nothing of ours runs there; what Vert.x itself does (files, names) is little.
                .setWorkerPoolSize(2)
                .setInternalBlockingPoolSize(2)
                .setBlockedThreadCheckInterval(BLOCKED_CHECK.toMillis())
                .setFileSystemOptions(
                        new FileSystemOptions().setFileCachingEnabled(false).setClassPathResolvingEnabled(false)));
        closing.add("vertx", () -> Bound.close(vertx.close(), CLOSE));
        return vertx;
    }
}
