package io.slipway.puller.hosts;

import java.util.List;

/// What a TLS client is made of, by content: two endpoints with equal identities can share connections, and a
/// certificate that was replaced on disk gives a new one. Never printed: it holds keys.
///
/// @param authorities PEM texts trusted beside the system's own
/// @param clients client certificates offered
/// @param skipVerify neither chain nor host name is checked
public record TlsIdentity(List<String> authorities, List<ClientPem> clients, boolean skipVerify) {
    /// System authorities, no client certificate.
    public static final TlsIdentity SYSTEM = new TlsIdentity(List.of(), List.of(), false);

    /// Copies the lists.
    public TlsIdentity {
        authorities = List.copyOf(authorities);
        clients = List.copyOf(clients);
    }

    /// One client certificate chain and its private key, PEM.
    public record ClientPem(String certificate, String key) {
        @Override
        public String toString() {
            return "ClientPem[]";
        }
    }

    /// What a redirect target is trusted with: the same authorities, no client certificate.
    public TlsIdentity withoutClients() {
        return clients.isEmpty() ? this : new TlsIdentity(authorities, List.of(), skipVerify);
    }

    @Override
    public String toString() {
        return "TlsIdentity[authorities=" + authorities.size() + ", clients=" + clients.size() + ", skipVerify="
                + skipVerify + "]";
    }
}
