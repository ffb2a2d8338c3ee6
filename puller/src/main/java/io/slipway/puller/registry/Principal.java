package io.slipway.puller.registry;

import io.slipway.puller.Credential;
import java.nio.charset.StandardCharsets;
import java.security.InvalidKeyException;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/// Turns a credential into a scope id: a keyed hash, so that what is kept beside cached content neither is nor reveals
/// the credential.
public final class Principal {
    private static final String ALGORITHM = "HmacSHA256";

    private final SecretKeySpec key;

    /// @param secret this node's own key, at least 16 bytes
    public Principal(byte[] secret) {
        if (secret.length < 16) {
            throw new IllegalArgumentException("the scope key has only " + secret.length + " bytes");
        }
        this.key = new SecretKeySpec(secret, ALGORITHM);
    }

    /// Equal for equal credentials of this registry, and only then.
    public String scopeId(String registry, Credential credential) {
        String text = switch (credential) {
            case Credential.Basic(String user, String password) ->
                "basic\0" + user.length() + "\0" + user + "\0" + password;
            case Credential.Refresh(String token) -> "refresh\0" + token;
            case Credential.Header(String value) -> "header\0" + value;
        };
        try {
            Mac mac = Mac.getInstance(ALGORITHM);
            mac.init(key);
            byte[] hash = mac.doFinal((registry + "\0" + text).getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(hash, 0, 16);
        } catch (NoSuchAlgorithmException | InvalidKeyException e) {
            throw new IllegalStateException("every JDK has " + ALGORITHM, e);
        }
    }
}
