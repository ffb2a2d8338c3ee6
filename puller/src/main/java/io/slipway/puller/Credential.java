package io.slipway.puller;

/// What proves to a registry who asks. `toString` never shows the secret.
public sealed interface Credential {
    /// User name and password (or a personal access token used as one).
    record Basic(String user, String password) implements Credential {
        @Override
        public String toString() {
            return "Basic[user=" + user + "]";
        }
    }

    /// A refresh (identity) token, exchanged for access tokens at the registry's token server.
    record Refresh(String token) implements Credential {
        @Override
        public String toString() {
            return "Refresh[]";
        }
    }

    /// A ready-made value of the `Authorization` header, sent as it is.
    record Header(String value) implements Credential {
        @Override
        public String toString() {
            return "Header[]";
        }
    }
}
