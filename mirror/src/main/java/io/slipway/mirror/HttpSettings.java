package io.slipway.mirror;

import io.vertx.core.http.Http2Settings;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.net.OpenSSLEngineOptions;
import io.vertx.core.net.PemKeyCertOptions;
import java.util.concurrent.TimeUnit;

/// The HTTP server's settings, each said: defaults that move with a library version would move our bounds.
final class HttpSettings {

    /// Requests have no bodies worth a larger window.
    private static final int WINDOW_BYTES = 64 * 1024;

    private static final int FRAME_BYTES = 16 * 1024;
    private static final int REQUEST_LINE_BYTES = 4096;
    private static final int BACKLOG = 1024;

    /// Clients cancel streams all the time (parallel ranges); a flood is far more than that.
    private static final int RESETS_PER_WINDOW = 2000;

    private static final int RESET_WINDOW_SECONDS = 30;

    private HttpSettings() {}

    static HttpServerOptions of(MirrorOptions options) {
        MirrorLimits limits = options.limits();
        var http = new HttpServerOptions()
                .setTcpNoDelay(true)
                .setAcceptBacklog(BACKLOG)
                .setMaxHeaderSize(limits.headerBytes())
                .setMaxInitialLineLength(REQUEST_LINE_BYTES)
                .setIdleTimeout((int) limits.idle().toSeconds())
                .setIdleTimeoutUnit(TimeUnit.SECONDS)
                .setCompressionSupported(false)
                .setDecompressionSupported(false)
                .setHandle100ContinueAutomatically(false)
                .setHttp2ClearTextEnabled(true)
                .setHttp2ConnectionWindowSize(WINDOW_BYTES)
                .setHttp2RstFloodMaxRstFramePerWindow(RESETS_PER_WINDOW)
                .setHttp2RstFloodWindowDuration(RESET_WINDOW_SECONDS)
                .setHttp2RstFloodWindowDurationTimeUnit(TimeUnit.SECONDS)
                .setInitialSettings(new Http2Settings()
                        .setMaxConcurrentStreams(limits.maxStreams())
                        .setInitialWindowSize(WINDOW_BYTES)
                        .setMaxFrameSize(FRAME_BYTES)
                        .setMaxHeaderListSize(limits.headerBytes()));
        options.tls().ifPresent(tls -> {
            http.setSsl(true)
                    .setUseAlpn(true)
                    .setKeyCertOptions(new PemKeyCertOptions()
                            .addCertPath(tls.certificate().toString())
                            .addKeyPath(tls.key().toString()));
            if (OpenSSLEngineOptions.isAvailable() && OpenSSLEngineOptions.isAlpnAvailable()) {
                http.setSslEngineOptions(new OpenSSLEngineOptions());
            }
        });
        return http;
    }
}
