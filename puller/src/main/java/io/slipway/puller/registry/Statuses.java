package io.slipway.puller.registry;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.slipway.puller.RegistryException;
import io.slipway.puller.RegistryException.Code;
import io.slipway.puller.http.WireResponse;
import java.io.IOException;
import java.time.Clock;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Optional;

/// What an unwelcome status means. The one place where HTTP statuses become failures.
final class Statuses {
    private static final int ERROR_BODY_MAX = 16 * 1024;
    private static final int ERROR_TEXT_MAX = 200;
    private static final ObjectMapper JSON = JsonMapper.builder().build();

    private Statuses() {}

    /// The failure for this answer; reads (or drops) its body.
    ///
    /// @param what what was asked for, such as `manifest docker.io/library/debian:12`
    static RegistryException failure(WireResponse response, String host, String what, Clock clock)
            throws InterruptedException {
        int status = response.status();
        Optional<Duration> retryAfter = retryAfter(response, clock);
        String said = said(response).map(text -> " (it said: " + text + ")").orElse("");
        return switch (status) {
            case 401 ->
                failure(
                        Code.UNAUTHENTICATED,
                        host,
                        what + ": " + host + " wants credentials: pull access denied, repository does not exist or may"
                                + " require authorization" + said + "; log in, or check the name",
                        retryAfter);
            case 403 ->
                failure(
                        Code.DENIED,
                        host,
                        what + ": " + host + " refused access" + said + "; check the credentials and their rights",
                        retryAfter);
            case 404, 410 ->
                failure(Code.NOT_FOUND, host, what + ": not found on " + host + "; check the name and tag", retryAfter);
            case 408 -> failure(Code.TIMEOUT, host, what + ": " + host + " timed out; try again", retryAfter);
            case 429 ->
                failure(
                        Code.RATE_LIMITED,
                        host,
                        what + ": " + host + " limits the rate of requests" + said + "; try again later or log in",
                        retryAfter);
            default ->
                status >= 500
                        ? failure(
                                Code.UNREACHABLE,
                                host,
                                what + ": " + host + " failed with status " + status + said + "; try again later",
                                retryAfter)
                        : failure(
                                Code.BAD_FORMAT,
                                host,
                                what + ": " + host + " answered with unexpected status " + status + said,
                                retryAfter);
        };
    }

    private static RegistryException failure(Code code, String host, String message, Optional<Duration> retryAfter) {
        return RegistryException.withRetryAfter(code, host, message, retryAfter);
    }

    /// The registry's own words (OCI error body), one line, printable.
    private static Optional<String> said(WireResponse response) throws InterruptedException {
        boolean json = response.header("Content-Type").orElse("").contains("json");
        if (!json || response.contentLength().orElse(0) > ERROR_BODY_MAX) {
            response.discard();
            return Optional.empty();
        }
        try {
            JsonNode first =
                    JSON.readTree(response.small(ERROR_BODY_MAX)).path("errors").path(0);
            String text = first.path("message").asText(first.path("code").asText(""));
            String clean = text.replaceAll("[^\\x20-\\x7e]", "?");
            return clean.isEmpty()
                    ? Optional.empty()
                    : Optional.of(clean.length() > ERROR_TEXT_MAX ? clean.substring(0, ERROR_TEXT_MAX) : clean);
        } catch (JacksonException | RegistryException unreadable) {
            return Optional.empty();
        } catch (IOException unreadable) {
            return Optional.empty();
        }
    }

    /// `Retry-After` in seconds or as a date (RFC 9110 10.2.3).
    private static Optional<Duration> retryAfter(WireResponse response, Clock clock) {
        Optional<String> header = response.header("Retry-After").map(String::trim);
        if (header.isEmpty()) {
            return Optional.empty();
        }
        String text = header.get();
        if (text.matches("\\d{1,9}")) {
            return Optional.of(Duration.ofSeconds(Long.parseLong(text)));
        }
        try {
            Instant at = ZonedDateTime.parse(text, DateTimeFormatter.RFC_1123_DATE_TIME)
                    .toInstant();
            Duration wait = Duration.between(clock.instant(), at);
            return Optional.of(wait.isNegative() ? Duration.ZERO : wait);
        } catch (DateTimeException notADate) {
            return Optional.empty();
        }
    }
}
