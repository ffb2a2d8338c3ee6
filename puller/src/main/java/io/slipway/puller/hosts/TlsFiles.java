package io.slipway.puller.hosts;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/// TLS settings of an endpoint as configured: file names, nothing read yet.
///
/// @param ca PEM files added to the system's authorities
/// @param clients client certificates
/// @param skipVerify neither chain nor host name is checked
record TlsFiles(List<Path> ca, List<ClientFiles> clients, boolean skipVerify) {
    static final TlsFiles DEFAULT = new TlsFiles(List.of(), List.of(), false);

    TlsFiles {
        ca = List.copyOf(ca);
        clients = List.copyOf(clients);
    }

    /// A certificate with its key; without a key file the key is in the certificate's file.
    record ClientFiles(Path certificate, Optional<Path> key) {}

    TlsFiles withSkipVerify() {
        return new TlsFiles(ca, clients, true);
    }

    boolean isDefault() {
        return ca.isEmpty() && clients.isEmpty() && !skipVerify;
    }
}
