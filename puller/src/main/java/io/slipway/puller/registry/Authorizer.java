package io.slipway.puller.registry;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.slipway.puller.Credential;
import io.slipway.puller.RegistryException;
import io.slipway.puller.hosts.Endpoint;
import io.slipway.puller.hosts.TlsIdentity;
import io.slipway.puller.http.HttpUrl;
import io.slipway.puller.http.WireRequest;
import io.vertx.core.http.HttpMethod;
import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Answers challenges, and remembers them so that the next request to the same repository brings its authorization
/// along. Thread-safe.
final class Authorizer {
    private static final int CHALLENGES_KEPT_MAX = 4096;
    private static final Duration CHALLENGE_KEPT = Duration.ofMinutes(10);
    private static final int SCOPE_CHARS_MAX = 2048;

    private record Place(String origin, String repository) {}

    private final Tokens tokens;
    private final RealmRule realms;
    private final Principal principal;
    private final Map<String, List<String>> via;
    private final Duration connectTimeout;
    private final Cache<Place, List<String>> challenges = Caffeine.newBuilder()
            .maximumSize(CHALLENGES_KEPT_MAX)
            .expireAfterWrite(CHALLENGE_KEPT)
            .build();

    Authorizer(
            Tokens tokens,
            RealmRule realms,
            Principal principal,
            Map<String, List<String>> via,
            Duration connectTimeout) {
        this.tokens = tokens;
        this.realms = realms;
        this.principal = principal;
        this.via = via;
        this.connectTimeout = connectTimeout;
    }

    /// Authorization for a place that has asked before.
    Optional<Authorization> beforehand(Session session, Endpoint endpoint, HttpUrl url, String repository)
            throws RegistryException, InterruptedException {
        List<String> known = challenges.getIfPresent(new Place(url.origin(), repository));
        return known == null ? Optional.empty() : answer(session, endpoint, url, repository, known);
    }

    /// Authorization in answer to a 401; empty when there is nothing to answer with.
    Optional<Authorization> answer(
            Session session, Endpoint endpoint, HttpUrl url, String repository, List<String> headers)
            throws RegistryException, InterruptedException {
        List<Challenge> asked = Challenge.parse(headers);
        Optional<Credential> credential = credential(session, endpoint, headers);
        challenges.put(new Place(url.origin(), repository), List.copyOf(headers));
        if (credential.isPresent() && credential.get() instanceof Credential.Header(String value)) {
            return Optional.of(new Authorization(value, true, Optional.empty()));
        }
        for (Challenge challenge : asked) {
            if (challenge.scheme().equals("bearer")
                    && challenge.parameter("realm").isPresent()) {
                return Optional.of(bearer(session, endpoint, url, repository, challenge, credential));
            }
        }
        boolean basic = asked.stream().anyMatch(challenge -> challenge.scheme().equals("basic"));
        if (basic
                && credential.isPresent()
                && credential.get() instanceof Credential.Basic(String user, String secret)) {
            return Optional.of(new Authorization(Tokens.basic(user, secret), true, Optional.empty()));
        }
        return Optional.empty();
    }

    /// What was sent was refused: a kept token is of no more use.
    void refused(Authorization authorization) {
        authorization.token().ifPresent(tokens::forget);
    }

    private static Optional<Credential> credential(Session session, Endpoint endpoint, List<String> headers)
            throws RegistryException, InterruptedException {
        try {
            return session.credential(endpoint.authority(), headers);
        } catch (RegistryException e) {
            throw e;
        } catch (IOException e) {
            throw new RegistryException(
                    RegistryException.Code.UNAUTHENTICATED,
                    endpoint.authority(),
                    "credentials for " + endpoint.authority() + " can't be had: " + e.getMessage(),
                    e);
        }
    }

    private Authorization bearer(
            Session session,
            Endpoint endpoint,
            HttpUrl url,
            String repository,
            Challenge challenge,
            Optional<Credential> credential)
            throws RegistryException, InterruptedException {
        HttpUrl realm = HttpUrl.parse(challenge.parameter("realm").orElse(""), endpoint.authority());
        if (credential.isPresent() && !realms.allows(url, endpoint.authority(), realm)) {
            throw new RegistryException(
                    RegistryException.Code.UNTRUSTED_TARGET,
                    endpoint.authority(),
                    endpoint.authority() + " sends credentials to the foreign token server " + realm.authority()
                            + "; list it in [registry.realms].\"" + endpoint.authority() + "\" if that is right");
        }
        String scope = challenge.parameter("scope").orElse("repository:" + repository + ":pull");
        if (scope.length() > SCOPE_CHARS_MAX) {
            throw new RegistryException(
                    RegistryException.Code.BAD_FORMAT,
                    endpoint.authority(),
                    endpoint.authority() + " asks for a scope of " + scope.length() + " characters");
        }
        Tokens.Key key = new Tokens.Key(
                realm.toString(),
                challenge.parameter("service").orElse(""),
                scope,
                credential
                        .map(known -> principal.scopeId(endpoint.authority(), known))
                        .orElse(""));
        String token = tokens.token(key, credential, request(session, endpoint, url, realm));
        return new Authorization("Bearer " + token, credential.isPresent(), Optional.of(key));
    }

    /// Headers and client certificates configured for a host go to a realm on that very server only: another port of
    /// the same host may be anybody's, and plain HTTP shows them to everybody. Trust goes to any.
    private WireRequest request(Session session, Endpoint endpoint, HttpUrl url, HttpUrl realm) {
        Map<String, List<String>> headers = new HashMap<>();
        TlsIdentity tls = endpoint.tls().withoutClients();
        if (realm.origin().equals(url.origin())) {
            headers.putAll(endpoint.headers());
            tls = endpoint.tls();
        }
        headers.putAll(via);
        return new WireRequest(
                HttpMethod.GET,
                realm,
                headers,
                Optional.empty(),
                tls,
                session.policy(),
                connectTimeout,
                WireRequest.Lane.SMALL);
    }
}
