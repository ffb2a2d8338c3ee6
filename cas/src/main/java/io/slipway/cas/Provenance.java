package io.slipway.cas;

/// Where a blob came from: the registry as its users name it (not the address that served it), the repository
/// there, and who may read it there. A blob has a set of these.
public record Provenance(String host, String repository, Access access) {

    /// Pushed through the API, imported or adopted: nobody vouches for it, so it is private to its namespace.
    public static final Provenance UNKNOWN = new Provenance("", "", new Access.Unknown());

    /// Who may read this repository at that host, as far as was verified.
    public sealed interface Access {

        /// Anyone: it was read without credentials.
        record Public() implements Access {}

        /// Whoever holds the credentials with this scope id (a keyed hash of the principal, never the secret).
        record Scoped(String id) implements Access {}

        /// Not verified.
        record Unknown() implements Access {}
    }

    public static Provenance publicly(String host, String repository) {
        return new Provenance(host, repository, new Access.Public());
    }

    public static Provenance scoped(String host, String repository, String scopeId) {
        return new Provenance(host, repository, new Access.Scoped(scopeId));
    }
}
