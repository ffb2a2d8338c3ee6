package io.slipway.puller.registry;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.slipway.puller.Credential;
import io.slipway.puller.CredentialSource;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Credentials of Docker's `config.json`, read anew each time a registry asks. Entries belong to the exact `host:port`
/// they name; Docker Hub's is written `https://index.docker.io/v1/`.
public final class DockerConfig implements CredentialSource {
    private static final Logger log = LoggerFactory.getLogger(DockerConfig.class);
    private static final int FILE_BYTES_MAX = 4 << 20;
    private static final Set<String> HUB_HOSTS = Set.of("registry-1.docker.io", "docker.io", "index.docker.io");

    private final Path file;

    /// The file need not exist.
    public DockerConfig(Path file) {
        this.file = file;
    }

    @Override
    public Optional<Credential> find(String host, String reference, List<String> challenges) throws IOException {
        JsonNode root = read();
        if (root.path("credHelpers").has(host) || root.path("credsStore").isTextual()) {
            log.atWarn()
                    .addKeyValue("file", file)
                    .addKeyValue("host", host)
                    .log("Credential helpers of a Docker config.json are not run; only its auths are used.");
        }
        for (Map.Entry<String, JsonNode> entry : root.path("auths").properties()) {
            if (names(entry.getKey(), host)) {
                Optional<Credential> credential = credential(entry.getValue());
                if (credential.isPresent()) {
                    return credential;
                }
            }
        }
        return Optional.empty();
    }

    private static boolean names(String key, String host) {
        String bare = key.replaceFirst("^https?://", "").replaceFirst("/.*$", "");
        return bare.equalsIgnoreCase(host) || (HUB_HOSTS.contains(bare) && HUB_HOSTS.contains(host));
    }

    private JsonNode read() throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            byte[] bytes = in.readNBytes(FILE_BYTES_MAX + 1);
            if (bytes.length > FILE_BYTES_MAX) {
                throw new IOException(file + " is larger than " + FILE_BYTES_MAX + " bytes");
            }
            return JsonMapper.builder().build().readTree(bytes);
        } catch (NoSuchFileException absent) {
            return JsonMapper.builder().build().createObjectNode();
        } catch (JacksonException e) {
            // Jackson quotes the text around the fault, which may be a secret.
            throw new IOException(file + " is not JSON (line " + line(e) + ")", null);
        }
    }

    private static int line(JacksonException e) {
        return e.getLocation() == null ? 0 : e.getLocation().getLineNr();
    }

    private Optional<Credential> credential(JsonNode entry) throws IOException {
        String token = entry.path("identitytoken").asText("");
        if (!token.isEmpty()) {
            return Optional.of(new Credential.Refresh(token));
        }
        String user = entry.path("username").asText("");
        String password = entry.path("password").asText("");
        String auth = entry.path("auth").asText("");
        if (!auth.isEmpty()) {
            String decoded;
            try {
                decoded = new String(Base64.getDecoder().decode(auth.trim()), StandardCharsets.UTF_8);
            } catch (IllegalArgumentException e) {
                throw new IOException(file + " holds an auth that is not base64", null);
            }
            int colon = decoded.indexOf(':');
            if (colon < 0) {
                throw new IOException(file + " holds an auth without a colon");
            }
            user = decoded.substring(0, colon);
            password = decoded.substring(colon + 1).replaceFirst("\0+$", "");
        }
        if (user.isEmpty() && !password.isEmpty()) {
            return Optional.of(new Credential.Refresh(password));
        }
        return user.isEmpty() ? Optional.empty() : Optional.of(new Credential.Basic(user, password));
    }
}
