package io.slipway.puller.registry;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.slipway.puller.Credential;
import io.slipway.puller.RegistryException;
import io.slipway.puller.hosts.HeaderText;
import io.slipway.puller.http.HttpUrl;
import io.slipway.puller.http.Wire;
import io.slipway.puller.http.WireRequest;
import io.slipway.puller.http.WireResponse;
import io.vertx.core.http.HttpMethod;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Gets bearer tokens from token servers and keeps them until shortly before they expire (specs: oci-distribution 7,
/// hosts-toml 8). Thread-safe; two threads may fetch the same token at once.
final class Tokens {
    /// Tokens kept at once.
    static final int TOKENS_MAX = 1024;
    /// Largest answer of a token server.
    static final int ANSWER_BYTES_MAX = 256 * 1024;

    private static final Duration LIFETIME_DEFAULT = Duration.ofSeconds(60);
    private static final Duration LIFETIME_MAX = Duration.ofHours(1);
    private static final String CLIENT_ID = "containerd-client";
    private static final ObjectMapper JSON = JsonMapper.builder(com.fasterxml.jackson.core.JsonFactory.builder()
                    .streamReadConstraints(StreamReadConstraints.builder()
                            .maxNestingDepth(16)
                            .maxStringLength(ANSWER_BYTES_MAX)
                            .build())
                    .build())
            .build();

    /// @param principal scope id of the credential, empty for anonymous
    record Key(String realm, String service, String scope, String principal) {}

    private record Token(String value, Instant until) {
        @Override
        public String toString() {
            return "Token[until=" + until + "]";
        }
    }

    private final Wire wire;
    private final Clock clock;
    private final Cache<Key, Token> kept =
            Caffeine.newBuilder().maximumSize(TOKENS_MAX).build();

    Tokens(Wire wire, Clock clock) {
        this.wire = wire;
        this.clock = clock;
    }

    /// A kept token, or a new one.
    ///
    /// @param via what a request to the realm is made of: trust, policy, headers
    String token(Key key, Optional<Credential> credential, WireRequest via)
            throws RegistryException, InterruptedException {
        Token known = kept.getIfPresent(key);
        if (known != null && clock.instant().isBefore(known.until())) {
            return known.value();
        }
        Token fresh = fetch(key, credential, via);
        kept.put(key, fresh);
        return fresh.value();
    }

    void forget(Key key) {
        kept.invalidate(key);
    }

    private Token fetch(Key key, Optional<Credential> credential, WireRequest via)
            throws RegistryException, InterruptedException {
        return switch (credential.orElse(null)) {
            case null -> read(get(key, Optional.empty(), via), key);
            case Credential.Header _ -> throw new IllegalStateException("a ready header needs no token");
            case Credential.Refresh(String token) ->
                read(post(key, Map.of("grant_type", "refresh_token", "refresh_token", token), via), key);
            case Credential.Basic(String user, String password) -> {
                WireResponse posted = post(
                        key,
                        Map.of(
                                "grant_type",
                                "password",
                                "username",
                                user,
                                "password",
                                password,
                                "access_type",
                                "offline"),
                        via);
                int status = posted.status();
                if (status == 400 || status == 401 || status == 404 || status == 405) {
                    // Token servers from before OAuth2 know GET with Basic only.
                    posted.discard();
                    yield read(get(key, Optional.of(basic(user, password)), via), key);
                }
                yield read(posted, key);
            }
        };
    }

    static String basic(String user, String password) {
        return "Basic " + Base64.getEncoder().encodeToString((user + ":" + password).getBytes(StandardCharsets.UTF_8));
    }

    private WireResponse get(Key key, Optional<String> authorization, WireRequest via)
            throws RegistryException, InterruptedException {
        StringBuilder query = new StringBuilder();
        append(query, "service", key.service());
        for (String scope : key.scope().split(" ", -1)) {
            append(query, "scope", scope);
        }
        String target = via.url().target();
        String separator = query.isEmpty() ? "" : target.indexOf('?') < 0 ? "?" : "&";
        HttpUrl url = new HttpUrl(via.url().tls(), via.url().host(), via.url().port(), target + separator + query);
        Map<String, List<String>> headers = new HashMap<>(via.headers());
        headers.put("Accept", List.of("application/json"));
        authorization.ifPresent(value -> headers.put("Authorization", List.of(value)));
        return send(new WireRequest(
                HttpMethod.GET,
                url,
                headers,
                Optional.empty(),
                via.tls(),
                via.policy(),
                via.connectTimeout(),
                via.lane()));
    }

    private WireResponse post(Key key, Map<String, String> fields, WireRequest via)
            throws RegistryException, InterruptedException {
        StringBuilder form = new StringBuilder();
        fields.forEach((name, value) -> append(form, name, value));
        append(form, "client_id", CLIENT_ID);
        append(form, "service", key.service());
        append(form, "scope", key.scope());
        Map<String, List<String>> headers = new HashMap<>(via.headers());
        headers.put("Accept", List.of("application/json"));
        headers.put("Content-Type", List.of("application/x-www-form-urlencoded; charset=utf-8"));
        return send(new WireRequest(
                HttpMethod.POST,
                via.url(),
                headers,
                Optional.of(form.toString()),
                via.tls(),
                via.policy(),
                via.connectTimeout(),
                via.lane()));
    }

    private static void append(StringBuilder form, String name, String value) {
        if (!value.isEmpty()) {
            form.append(form.isEmpty() ? "" : "&")
                    .append(name)
                    .append('=')
                    .append(URLEncoder.encode(value, StandardCharsets.UTF_8));
        }
    }

    private WireResponse send(WireRequest request) throws RegistryException, InterruptedException {
        try {
            return wire.send(request);
        } catch (Wire.NotSent e) {
            throw e.failure();
        }
    }

    private Token read(WireResponse response, Key key) throws RegistryException, InterruptedException {
        String server = response.url().authority();
        if (response.status() != 200) {
            throw Statuses.failure(response, server, "token for " + key.scope(), clock);
        }
        try {
            JsonNode answer = JSON.readTree(response.small(ANSWER_BYTES_MAX));
            String value =
                    answer.path("token").asText(answer.path("access_token").asText(""));
            if (value.isEmpty() || !HeaderText.isValue(value)) {
                throw malformed(server, null);
            }
            long seconds = answer.path("expires_in").asLong(0);
            Duration lifetime =
                    seconds <= 0 ? LIFETIME_DEFAULT : Duration.ofSeconds(Math.min(seconds, LIFETIME_MAX.toSeconds()));
            // A tenth earlier, so that no request leaves with a token that expires on its way.
            return new Token(
                    value, clock.instant().plus(lifetime.multipliedBy(9).dividedBy(10)));
        } catch (RegistryException e) {
            throw e;
        } catch (JacksonException e) {
            throw malformed(server, e);
        } catch (IOException e) {
            throw malformed(server, e);
        }
    }

    private static RegistryException malformed(String server, @org.jspecify.annotations.Nullable Throwable cause) {
        String text = "the token server " + server + " sent no usable token";
        return cause == null
                ? new RegistryException(RegistryException.Code.BAD_FORMAT, server, text)
                : new RegistryException(RegistryException.Code.BAD_FORMAT, server, text, cause);
    }
}
