package io.slipway.puller.http;

import io.netty.channel.ConnectTimeoutException;
import io.netty.handler.ssl.SslHandshakeTimeoutException;
import io.vertx.core.http.HttpClosedException;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.SocketTimeoutException;
import java.security.cert.CertificateException;
import java.util.concurrent.ExecutionException;
import javax.net.ssl.SSLException;

/// What went wrong on a connection, in words and kinds.
final class Failures {
    private static final int CAUSES_MAX = 16;

    private Failures() {}

    /// One short phrase without addresses of ours or stack traces.
    static String text(Throwable wrapped) {
        Throwable cause = wrapped.getCause();
        Throwable failure = wrapped instanceof ExecutionException && cause != null ? cause : wrapped;
        if (has(failure, CertificateException.class)) {
            return "certificate not trusted: " + message(deepest(failure));
        }
        if (has(failure, SSLException.class)) {
            return "TLS: " + message(failure);
        }
        if (has(failure, ConnectException.class)) {
            return isTimeout(failure) ? "connect timed out" : "connection refused";
        }
        if (has(failure, NoRouteToHostException.class)) {
            return "no route to host";
        }
        if (has(failure, HttpClosedException.class)) {
            return "connection closed";
        }
        return message(failure);
    }

    /// Whether time ran out while connecting or shaking hands.
    static boolean isTimeout(Throwable failure) {
        return has(failure, ConnectTimeoutException.class)
                || has(failure, SslHandshakeTimeoutException.class)
                || has(failure, SocketTimeoutException.class);
    }

    /// Whether the peer showed that it does not speak TLS, or broke off a handshake without a verdict on anybody's
    /// certificate; then plain HTTP may be tried where the rules allow it.
    static boolean maySpeakPlain(Throwable failure) {
        return !has(failure, CertificateException.class) && !message(failure).contains("fatal alert");
    }

    static boolean has(Throwable failure, Class<? extends Throwable> kind) {
        Throwable at = failure;
        for (int i = 0; at != null && i < CAUSES_MAX; i++, at = at.getCause()) {
            if (kind.isInstance(at)) {
                return true;
            }
        }
        return false;
    }

    private static Throwable deepest(Throwable failure) {
        Throwable at = failure;
        for (int i = 0; i < CAUSES_MAX; i++) {
            Throwable cause = at.getCause();
            if (cause == null) {
                return at;
            }
            at = cause;
        }
        return at;
    }

    private static String message(Throwable failure) {
        String text = failure.getMessage();
        if (text == null || text.isEmpty()) {
            return failure.getClass().getSimpleName();
        }
        String line = text.lines().findFirst().orElse("");
        return line.length() > 200 ? line.substring(0, 200) + "..." : line;
    }
}
