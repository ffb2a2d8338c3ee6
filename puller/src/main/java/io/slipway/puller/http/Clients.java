package io.slipway.puller.http;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.RemovalListener;
import io.slipway.puller.PullerOptions;
import io.slipway.puller.RegistryException;
import io.slipway.puller.hosts.TlsIdentity;
import io.slipway.puller.hosts.TlsIdentity.ClientPem;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.Http2Settings;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.http.PoolOptions;
import io.vertx.core.net.OpenSSLEngineOptions;
import io.vertx.core.net.PemKeyCertOptions;
import io.vertx.core.net.TrustOptions;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// Connection pools: one pair (small answers, blob bodies) per TLS identity, one pair for plain HTTP. Made when first
/// used, closed when unused for [#IDLE] or when there are more than [#IDENTITIES_MAX]; requests under way finish.
final class Clients implements AutoCloseable {
    /// TLS identities with open pools at once.
    static final int IDENTITIES_MAX = 64;
    /// Requests that wait for a connection of one origin; more fail at once.
    static final int WAITERS_MAX = 1024;

    static final int HTTP2_STREAM_WINDOW = 8 << 20;
    static final int HTTP2_CONNECTION_WINDOW = 32 << 20;
    /// Connections of one origin for small answers.
    static final int SMALL_CONNECTIONS = 4;

    private static final Duration IDLE = Duration.ofMinutes(10);
    /// Unused connections are closed after this; containerd's 30 s.
    private static final int KEEP_ALIVE_S = 30;
    /// One read from the socket and one part of a body: large, so that a block takes few of them.
    private static final int READ_BYTES = 256 * 1024;

    private record Key(boolean tls, TlsIdentity identity, WireRequest.Lane lane) {}

    private final Vertx vertx;
    private final PullerOptions options;
    private final SystemTrust trust;
    private final Cache<Key, HttpClient> clients;

    Clients(Vertx vertx, PullerOptions options, SystemTrust trust) {
        this.vertx = vertx;
        this.options = options;
        this.trust = trust;
        RemovalListener<Key, HttpClient> retire = (_, client, _) -> {
            if (client != null) {
                var _ = client.shutdown(IDLE.toSeconds(), TimeUnit.SECONDS);
            }
        };
        this.clients = Caffeine.newBuilder()
                .maximumSize(4L * IDENTITIES_MAX)
                .expireAfterAccess(IDLE)
                .removalListener(retire)
                .build();
    }

    /// The pool for this kind of request.
    HttpClient client(boolean tls, TlsIdentity identity, WireRequest.Lane lane) throws RegistryException {
        Key key = new Key(tls, tls ? identity : TlsIdentity.SYSTEM, lane);
        HttpClient known = clients.getIfPresent(key);
        if (known != null) {
            return known;
        }
        HttpClientOptions made = options(key);
        PoolOptions pool = new PoolOptions()
                .setHttp1MaxSize(connections(lane))
                .setHttp2MaxSize(connections(lane))
                .setMaxWaitQueueSize(WAITERS_MAX);
        return clients.get(key, _ -> vertx.createHttpClient(made, pool));
    }

    private int connections(WireRequest.Lane lane) {
        return lane == WireRequest.Lane.BULK ? options.connectionsPerHost() : SMALL_CONNECTIONS;
    }

    private HttpClientOptions options(Key key) throws RegistryException {
        HttpClientOptions made = new HttpClientOptions()
                .setKeepAliveTimeout(KEEP_ALIVE_S)
                .setHttp2KeepAliveTimeout(KEEP_ALIVE_S)
                .setConnectTimeout((int) options.timeouts().connect().toMillis())
                .setSslHandshakeTimeout(options.timeouts().tls().toMillis())
                .setSslHandshakeTimeoutUnit(TimeUnit.MILLISECONDS)
                .setTcpNoDelay(true)
                .setTcpKeepAlive(true)
                .setDecompressionSupported(false)
                .setMaxHeaderSize(32 * 1024)
                .setMaxChunkSize(READ_BYTES);
        if (!key.tls()) {
            return made.setProtocolVersion(HttpVersion.HTTP_1_1);
        }
        made.setSsl(true)
                .setProtocolVersion(HttpVersion.HTTP_2)
                .setUseAlpn(true)
                .setAlpnVersions(List.of(HttpVersion.HTTP_2, HttpVersion.HTTP_1_1))
                .setInitialSettings(new Http2Settings()
                        .setPushEnabled(false)
                        .setInitialWindowSize(HTTP2_STREAM_WINDOW)
                        .setMaxFrameSize(1 << 20)
                        .setMaxHeaderListSize(32 * 1024))
                .setHttp2ConnectionWindowSize(HTTP2_CONNECTION_WINDOW);
        if (key.lane() == WireRequest.Lane.BULK) {
            // One connection is one congestion window: a range has one to itself.
            made.setHttp2MultiplexingLimit(1);
        }
        if (OpenSSLEngineOptions.isAvailable()) {
            made.setSslEngineOptions(new OpenSSLEngineOptions());
        }
        TlsIdentity identity = key.identity();
        if (identity.skipVerify()) {
            made.setTrustAll(true).setVerifyHost(false);
        } else {
            made.setTrustOptions(TrustOptions.wrap(trust.with(identity.authorities())));
        }
        if (!identity.clients().isEmpty()) {
            PemKeyCertOptions pems = new PemKeyCertOptions();
            for (ClientPem client : identity.clients()) {
                pems.addCertValue(Buffer.buffer(client.certificate()));
                pems.addKeyValue(Buffer.buffer(client.key()));
            }
            made.setKeyCertOptions(pems);
        }
        return made;
    }

    @Override
    public void close() {
        clients.asMap().values().forEach(client -> {
            var _ = client.shutdown(0, TimeUnit.SECONDS);
        });
        clients.invalidateAll();
    }
}
