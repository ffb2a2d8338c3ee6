package io.slipway.puller.registry;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.slipway.puller.PullerOptions;
import io.slipway.puller.RegistryException;
import io.slipway.puller.RegistryException.Code;
import io.slipway.puller.hosts.Endpoint;
import io.slipway.puller.http.HttpUrl;
import io.slipway.puller.http.Wire;
import io.slipway.puller.http.WireRequest;
import io.slipway.puller.http.WireResponse;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.random.RandomGenerator;

/// Asks one endpoint: brings authorization, follows redirects, tries https before http where that is open, waits when
/// told to. Blocking, thread-safe.
public final class Registry {
    static final int REDIRECTS_MAX = 10;
    static final int ATTEMPTS_MAX = 5;
    private static final int SCHEMES_KEPT_MAX = 4096;
    private static final Duration FIRST_WAIT = Duration.ofMillis(250);

    private final Wire wire;
    private final PullerOptions options;
    private final Clock clock;
    private final RandomGenerator random;
    private final Principal principal;
    private final Authorizer authorizer;
    private final Map<String, List<String>> via;
    /// Whether an ambiguous host speaks TLS, learnt by trying.
    private final Cache<String, Boolean> speaksTls =
            Caffeine.newBuilder().maximumSize(SCHEMES_KEPT_MAX).build();

    /// All collaborators; `principal` names credentials without telling them.
    public Registry(Wire wire, PullerOptions options, Clock clock, RandomGenerator random, Principal principal) {
        this.wire = wire;
        this.options = options;
        this.clock = clock;
        this.random = random;
        this.principal = principal;
        this.via = Map.of("Via", List.of("1.1 slipway-" + options.nodeId()), "User-Agent", List.of("slipway/0.1"));
        this.authorizer = new Authorizer(
                new Tokens(wire, clock),
                new RealmRule(PublicSuffixes.ofJdk(), options.realms()),
                principal,
                via,
                options.timeouts().connect());
    }

    /// The scope id of the credential that this session used at an endpoint; empty when it was anonymous there.
    public Optional<String> scopeId(Session session, Answer answer) {
        return answer.credentialed()
                ? session.used(answer.host()).map(used -> principal.scopeId(session.registry(), used))
                : Optional.empty();
    }

    /// Asks and returns the answer when it is 200 or 206; anything else is a failure.
    public Answer demand(Session session, Endpoint endpoint, Ask ask, boolean lastHost)
            throws RegistryException, InterruptedException {
        Answer answer = ask(session, endpoint, ask, lastHost);
        if (answer.ok()) {
            return answer;
        }
        throw failure(answer, ask);
    }

    /// The failure that an unwelcome answer stands for.
    public RegistryException failure(Answer answer, Ask ask) throws InterruptedException {
        return Statuses.failure(answer.response(), answer.host(), ask.what(), clock);
    }

    /// Asks and returns whatever the endpoint finally answers, except 401 that could be answered and, on the last host
    /// of a list, statuses and failures that pass by themselves.
    public Answer ask(Session session, Endpoint endpoint, Ask ask, boolean lastHost)
            throws RegistryException, InterruptedException {
        int previousStatus = 0;
        for (int attempt = 1; ; attempt++) {
            boolean more = attempt < ATTEMPTS_MAX && session.mayRetry();
            Answer answer;
            try {
                answer = authorized(session, endpoint, ask);
            } catch (Wire.NotSent e) {
                // Who can't be reached is not reached a moment later either; there may be a next host.
                throw e.failure();
            } catch (RegistryException e) {
                boolean passing = e.code() == Code.RATE_LIMITED || e.code() == Code.UNREACHABLE;
                if (!more || !lastHost || !passing || attempt >= 3) {
                    throw e;
                }
                pause(attempt, e.retryAfter());
                continue;
            }
            int status = answer.status();
            boolean busy = status == 429 || status == 408;
            boolean broken = (status == 500 || status == 503 || status == 504) && status != previousStatus;
            if (!more || !lastHost || !(busy || broken)) {
                return answer;
            }
            previousStatus = status;
            Optional<Duration> asked = failure(answer, ask).retryAfter();
            if (asked.isPresent() && asked.get().compareTo(options.timeouts().retryWait()) > 0) {
                throw failureAfter(answer, ask, asked.get());
            }
            pause(attempt, asked);
        }
    }

    private static RegistryException failureAfter(Answer answer, Ask ask, Duration wait) {
        return RegistryException.withRetryAfter(
                answer.status() == 429 ? Code.RATE_LIMITED : Code.UNREACHABLE,
                answer.host(),
                ask.what() + ": " + answer.host() + " asks to wait " + wait.toSeconds() + " s; try again then",
                Optional.of(wait));
    }

    /// Waits as asked, else longer each time, with jitter so that many clients don't come back at once.
    private void pause(int attempt, Optional<Duration> asked) throws InterruptedException {
        long base = asked.map(Duration::toMillis).orElse(FIRST_WAIT.toMillis() << Math.min(attempt - 1, 6));
        long jitter = base == 0 ? 0 : random.nextLong(base / 4 + 1);
        Thread.sleep(Math.min(base + jitter, options.timeouts().retryWait().toMillis()));
    }

    private Answer authorized(Session session, Endpoint endpoint, Ask ask)
            throws RegistryException, Wire.NotSent, InterruptedException {
        HttpUrl url = url(session, endpoint, ask);
        Optional<Authorization> authorization = authorizer.beforehand(session, endpoint, url, ask.repository());
        Answer answer = schemed(session, endpoint, ask, url, authorization);
        // Twice: a kept token may have been revoked, a challenge may have changed its scope.
        for (int i = 0; i < 2 && answer.status() == 401 && !answer.redirected(); i++) {
            authorization.ifPresent(authorizer::refused);
            List<String> challenges = answer.response().headers("WWW-Authenticate");
            HttpUrl origin = answer.url();
            Optional<Authorization> better = authorizer.answer(session, endpoint, origin, ask.repository(), challenges);
            if (better.isEmpty() || better.equals(authorization)) {
                return answer;
            }
            answer.response().discard();
            authorization = better;
            answer = schemed(session, endpoint, ask, url(session, endpoint, ask), authorization);
        }
        return answer;
    }

    private HttpUrl url(Session session, Endpoint endpoint, Ask ask) throws RegistryException {
        boolean tls = switch (endpoint.scheme()) {
            case HTTPS -> true;
            case HTTP -> false;
            case HTTPS_THEN_HTTP -> speaksTls.asMap().getOrDefault(endpoint.authority(), true);
        };
        return url(session, endpoint, ask, tls);
    }

    private static HttpUrl url(Session session, Endpoint endpoint, Ask ask, boolean tls) throws RegistryException {
        String ns = endpoint.ns(session.registry())
                .map(value -> "?ns=" + URLEncoder.encode(value, StandardCharsets.UTF_8))
                .orElse("");
        return HttpUrl.parse(
                (tls ? "https://" : "http://") + endpoint.authority() + endpoint.path() + "/" + ask.repository() + "/"
                        + ask.object() + ns,
                endpoint.authority());
    }

    /// An ambiguous endpoint that shows no TLS is asked again in the clear, and that is remembered.
    private Answer schemed(
            Session session, Endpoint endpoint, Ask ask, HttpUrl url, Optional<Authorization> authorization)
            throws RegistryException, Wire.NotSent, InterruptedException {
        boolean open = endpoint.scheme() == Endpoint.Scheme.HTTPS_THEN_HTTP
                && url.tls()
                && !Boolean.TRUE.equals(speaksTls.getIfPresent(endpoint.authority()));
        try {
            Answer answer = followed(session, endpoint, ask, url, authorization);
            if (open) {
                speaksTls.put(endpoint.authority(), true);
            }
            return answer;
        } catch (Wire.NotSent e) {
            if (!open || !e.maySpeakPlain()) {
                throw e;
            }
            Answer answer = followed(session, endpoint, ask, url(session, endpoint, ask, false), authorization);
            speaksTls.put(endpoint.authority(), false);
            return answer;
        }
    }

    private Answer followed(
            Session session, Endpoint endpoint, Ask ask, HttpUrl start, Optional<Authorization> authorization)
            throws RegistryException, Wire.NotSent, InterruptedException {
        HttpUrl url = start;
        for (int hops = 0; ; hops++) {
            boolean home = url.origin().equals(start.origin());
            WireResponse response;
            try {
                response = wire.send(request(session, endpoint, ask, url, home, authorization));
            } catch (Wire.NotSent e) {
                if (hops == 0) {
                    throw e;
                }
                throw e.failure();
            }
            if (!isRedirect(response)) {
                boolean credentialed =
                        authorization.map(Authorization::credentialed).orElse(false);
                return new Answer(response, endpoint, url, credentialed, !home);
            }
            String location = response.header("Location").orElse("");
            response.discard();
            if (hops == REDIRECTS_MAX || location.isEmpty()) {
                throw new RegistryException(
                        Code.BAD_FORMAT,
                        endpoint.authority(),
                        ask.what() + ": " + endpoint.authority()
                                + (location.isEmpty() ? " redirects to nowhere" : " redirects without end"));
            }
            url = url.resolve(location);
        }
    }

    private static boolean isRedirect(WireResponse response) {
        int status = response.status();
        return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
    }

    /// Asks a URL that an earlier answer redirected to, without any authorization.
    public Answer askAt(Session session, Endpoint endpoint, HttpUrl url, Ask ask)
            throws RegistryException, InterruptedException {
        try {
            WireResponse response = wire.send(request(session, endpoint, ask, url, false, Optional.empty()));
            return new Answer(response, endpoint, url, false, true);
        } catch (Wire.NotSent e) {
            throw e.failure();
        }
    }

    private WireRequest request(
            Session session,
            Endpoint endpoint,
            Ask ask,
            HttpUrl url,
            boolean home,
            Optional<Authorization> authorization) {
        Map<String, List<String>> headers = new HashMap<>();
        if (home) {
            headers.putAll(session.headers());
            headers.putAll(endpoint.headers());
            authorization.ifPresent(value -> {
                headers.keySet().removeIf("Authorization"::equalsIgnoreCase);
                headers.put("Authorization", List.of(value.header()));
            });
        }
        headers.putAll(ask.wireHeaders());
        headers.putAll(via);
        return new WireRequest(
                ask.method(),
                url,
                headers,
                Optional.empty(),
                home ? endpoint.tls() : endpoint.tls().withoutClients(),
                session.policy(),
                endpoint.dialTimeout().orElse(options.timeouts().connect()),
                ask.lane());
    }
}
