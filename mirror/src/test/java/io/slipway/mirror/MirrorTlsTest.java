package io.slipway.mirror;

import io.vertx.core.http.HttpVersion;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.Objects;

/// HTTP/2 over TLS, chosen by ALPN.
class MirrorTlsTest extends MirrorContract {

    @Override
    HttpVersion protocol() {
        return HttpVersion.HTTP_2;
    }

    @Override
    MirrorOptions settings(MirrorOptions options) {
        return options.withTls(new MirrorOptions.Tls(resource("/example-tls.crt"), resource("/example-tls.key")));
    }

    static Path resource(String name) {
        try {
            return Path.of(Objects.requireNonNull(MirrorTlsTest.class.getResource(name), name)
                    .toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }
}
