package io.slipway.puller.http;

import io.slipway.puller.RegistryException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;

/// Trust in the machine's certificate authorities plus some more. The machine's are those of its bundle file (which
/// operators extend), else the JDK's own.
final class SystemTrust {
    private final Optional<Path> bundle;

    SystemTrust(Optional<Path> bundle) {
        this.bundle = bundle;
    }

    /// `SSL_CERT_FILE`, else Debian's, else Red Hat's bundle.
    static SystemTrust ofThisMachine(Optional<String> sslCertFile) {
        List<Path> candidates = new ArrayList<>();
        sslCertFile.map(Path::of).ifPresent(candidates::add);
        candidates.add(Path.of("/etc/ssl/certs/ca-certificates.crt"));
        candidates.add(Path.of("/etc/pki/tls/certs/ca-bundle.crt"));
        return new SystemTrust(candidates.stream().filter(Files::isReadable).findFirst());
    }

    /// A trust manager for the machine's authorities and these PEM texts.
    X509TrustManager with(List<String> authorities) throws RegistryException {
        try {
            List<Certificate> all = new ArrayList<>(machine());
            CertificateFactory factory = CertificateFactory.getInstance("X.509");
            for (String pem : authorities) {
                all.add(factory.generateCertificate(new ByteArrayInputStream(pem.getBytes(StandardCharsets.US_ASCII))));
            }
            KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
            store.load(null, null);
            for (int i = 0; i < all.size(); i++) {
                store.setCertificateEntry("ca-" + i, all.get(i));
            }
            return manager(Optional.of(store));
        } catch (GeneralSecurityException | IOException e) {
            throw new RegistryException(
                    RegistryException.Code.CONFIGURATION,
                    "",
                    "can't use the configured certificate authorities (" + e.getMessage() + "); correct the ca files",
                    e);
        }
    }

    private Collection<? extends Certificate> machine() throws GeneralSecurityException, IOException {
        if (bundle.isPresent()) {
            try (InputStream in = Files.newInputStream(bundle.get())) {
                return CertificateFactory.getInstance("X.509").generateCertificates(in);
            }
        }
        X509Certificate[] issuers = manager(Optional.empty()).getAcceptedIssuers();
        return List.of(issuers);
    }

    @SuppressWarnings("NullAway") // TrustManagerFactory.init takes null for the JDK's own store.
    private static X509TrustManager manager(Optional<KeyStore> store) throws GeneralSecurityException {
        TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        factory.init(store.orElse(null));
        for (TrustManager manager : factory.getTrustManagers()) {
            if (manager instanceof X509TrustManager x509) {
                return x509;
            }
        }
        throw new IllegalStateException("the JDK has no X.509 trust manager");
    }
}
