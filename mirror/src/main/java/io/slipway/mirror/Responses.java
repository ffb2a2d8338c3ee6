package io.slipway.mirror;

import io.slipway.cas.Arrival;
import io.slipway.cas.Blob;
import io.slipway.cas.Digest;
import io.slipway.mirror.Answer.Body;
import io.slipway.mirror.MirrorMetrics.Kind;
import io.slipway.mirror.MirrorMetrics.Source;
import io.slipway.mirror.OciError.Code;
import io.slipway.mirror.Outcome.Refusal;
import io.slipway.mirror.RangeHeader.Selection;
import io.slipway.puller.RegistryException;
import io.vertx.core.MultiMap;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import java.time.Duration;

/// The one place where outcomes become HTTP (OCI distribution 1.1; RFC 9110 for ranges and conditions). Pure.
///
/// What clients do with an error decides the status: 404 is the clean miss everywhere, any other 4xx or 5xx makes a
/// client with further hosts go on after one request, and 429 makes containerd ask five times without a pause, so
/// it is never sent.
final class Responses {

    private static final CharSequence DIGEST = HttpHeaders.createOptimized("Docker-Content-Digest");
    private static final CharSequence API_VERSION = HttpHeaders.createOptimized("Docker-Distribution-API-Version");
    private static final CharSequence REGISTRY_2 = HttpHeaders.createOptimized("registry/2.0");
    private static final CharSequence JSON = HttpHeaders.createOptimized("application/json");
    private static final CharSequence OCTETS = HttpHeaders.createOptimized("application/octet-stream");
    private static final Buffer EMPTY_OBJECT = Buffer.buffer("{}");
    private static final Duration LONGEST_RETRY_AFTER = Duration.ofSeconds(60);

    private final boolean earlyRanges;
    private final int heldBackBytes;

    Responses(boolean earlyRanges, int heldBackBytes) {
        this.earlyRanges = earlyRanges;
        this.heldBackBytes = heldBackBytes;
    }

    /// Takes over what the outcome holds open.
    Answer of(Outcome outcome, Conditions conditions) {
        Answer answer = switch (outcome) {
            case Outcome.Welcome() -> json(200, EMPTY_OBJECT);
            case Outcome.Found(Outcome.ManifestBytes manifest, Source source, var _) ->
                manifest(manifest, source, conditions);
            case Outcome.Stored(Blob blob, Source source) -> stored(blob, source, conditions);
            case Outcome.Arriving(Arrival arrival, long size) -> arriving(arrival, size, conditions);
            case Outcome.Listing listing -> listing(listing);
            case Refusal refusal -> refusal(refusal);
        };
        if (!conditions.namespace().isEmpty()) {
            answer.headers().set("OCI-Namespace", conditions.namespace());
        }
        return answer;
    }

    private static Answer manifest(Outcome.ManifestBytes manifest, Source source, Conditions conditions) {
        String etag = etag(manifest.digest());
        MultiMap headers = headers()
                .set(HttpHeaders.CONTENT_TYPE, manifest.mediaType())
                .set(DIGEST, manifest.digest().toString())
                .set(HttpHeaders.ETAG, etag);
        if (conditions.has(etag)) {
            return new Answer(304, headers, new Body.None(), source);
        }
        return new Answer(
                200,
                headers.set(
                        HttpHeaders.CONTENT_LENGTH,
                        Integer.toString(manifest.body().length())),
                new Body.Bytes(manifest.body()),
                source);
    }

    private static Answer stored(Blob blob, Source source, Conditions conditions) {
        String etag = etag(blob.digest());
        MultiMap headers = blobHeaders(etag).set(DIGEST, blob.digest().toString());
        if (conditions.has(etag)) {
            blob.close();
            return new Answer(304, headers, new Body.None(), source);
        }
        return switch (select(conditions, etag, blob.size())) {
            case Selection.Whole() ->
                new Answer(200, length(headers, blob.size()), new Body.OfBlob(blob, 0, blob.size()), source);
            case Selection.Part(long from, long to) ->
                new Answer(
                        206,
                        length(contentRange(headers, from, to, blob.size()), to - from),
                        new Body.OfBlob(blob, from, to),
                        source);
            case Selection.Unsatisfiable() -> {
                blob.close();
                yield unsatisfiable(blob.size());
            }
        };
    }

    private Answer arriving(Arrival arrival, long size, Conditions conditions) {
        String etag = etag(arrival.digest());
        MultiMap headers = blobHeaders(etag);
        return switch (select(conditions, etag, size)) {
            case Selection.Whole() ->
                new Answer(
                        200,
                        length(headers, size).set(DIGEST, arrival.digest().toString()),
                        new Body.OfArrival(arrival, 0, size, Math.max(0, size - heldBackBytes)),
                        Source.MISS);
            case Selection.Part(long from, long to) -> {
                boolean mayEndFirst = earlyRanges && to - from < size;
                long freeUntil = mayEndFirst ? to : Math.max(from, to - heldBackBytes);
                // No Docker-Content-Digest: nothing here has been verified, whoever assembles ranges does that.
                yield new Answer(
                        206,
                        length(contentRange(headers, from, to, size), to - from),
                        new Body.OfArrival(arrival, from, to, freeUntil),
                        Source.MISS);
            }
            case Selection.Unsatisfiable() -> {
                arrival.close();
                yield unsatisfiable(size);
            }
        };
    }

    private static Answer listing(Outcome.Listing listing) {
        MultiMap headers =
                length(headers(), listing.body().length()).set(HttpHeaders.CONTENT_TYPE, listing.contentType());
        if (!listing.link().isEmpty()) {
            headers.set("Link", listing.link());
        }
        if (!listing.filters().isEmpty()) {
            headers.set("OCI-Filters-Applied", listing.filters());
        }
        return new Answer(200, headers, new Body.Bytes(listing.body()), Source.MISS);
    }

    private static Answer refusal(Refusal refusal) {
        return switch (refusal) {
            case Refusal.Absent(Kind kind, String what) -> error(404, unknown(kind), what);
            case Refusal.BadDigest(String digest) ->
                error(400, Code.DIGEST_INVALID, "not a digest this registry knows: " + digest);
            case Refusal.BadName(String what) -> error(400, Code.NAME_INVALID, what);
            case Refusal.NoRepository(String name) ->
                error(
                        404,
                        Code.NAME_UNKNOWN,
                        "no repository " + name + " here; to reach one elsewhere add ?ns=HOST, put the host before the"
                                + " name, or set [mirror] default_upstream");
            case Refusal.NoSuchPath() -> error(404, Code.UNSUPPORTED, "not a path of the distribution API");
            case Refusal.NoUpload() -> error(404, Code.BLOB_UPLOAD_UNKNOWN, "no such upload");
            case Refusal.WrongMethod(String allow, String message) -> {
                Answer answer = error(405, Code.UNSUPPORTED, message);
                answer.headers().set(HttpHeaders.ALLOW, allow);
                yield answer;
            }
            case Refusal.HostDenied(String host) ->
                error(
                        403,
                        Code.DENIED,
                        host + " is not an upstream of this mirror; add it to [mirror] upstreams or give it a directory"
                                + " in [registry] config_path");
            case Refusal.Looped() -> error(404, Code.NAME_UNKNOWN, "this mirror asked itself; the next host may know");
            case Refusal.UpstreamFailed(Kind kind, RegistryException failure) -> upstream(kind, failure);
            case Refusal.ArrivalFailed failed ->
                failed.failure().getCause() instanceof RegistryException e
                        ? upstream(Kind.BLOB, e)
                        : error(502, Code.UNAVAILABLE, message(failed.failure()));
            case Refusal.TooSlow(String what) -> error(504, Code.UNAVAILABLE, what);
            case Refusal.StoreFailed(String message) -> error(500, Code.UNKNOWN, message);
            case Refusal.Busy() -> {
                Answer answer = error(503, Code.UNAVAILABLE, "too many requests are being answered; try again");
                answer.headers().set(HttpHeaders.RETRY_AFTER, "1");
                yield answer;
            }
        };
    }

    private static Answer upstream(Kind kind, RegistryException failure) {
        String message = message(failure);
        return switch (failure.code()) {
            // Registries say 401 or 403 for repositories that don't exist; to an anonymous client both mean "not here".
            case NOT_FOUND, UNAUTHENTICATED, DENIED, NO_HOST, UNSUPPORTED -> error(404, unknown(kind), message);
            case ADDRESS_REFUSED ->
                error(403, Code.DENIED, message + "; name the host in [mirror] upstreams to allow any address");
            case RATE_LIMITED -> {
                Answer answer = error(503, Code.TOOMANYREQUESTS, message);
                failure.retryAfter()
                        .map(d -> d.compareTo(LONGEST_RETRY_AFTER) > 0 ? LONGEST_RETRY_AFTER : d)
                        .ifPresent(d -> answer.headers().set(HttpHeaders.RETRY_AFTER, Long.toString(d.toSeconds())));
                yield answer;
            }
            case TIMEOUT -> error(504, Code.UNAVAILABLE, message);
            case CONFIGURATION -> error(500, Code.UNKNOWN, message);
            case UNREACHABLE, UNTRUSTED_TARGET, DIGEST_MISMATCH, BAD_FORMAT, TOO_LARGE ->
                error(502, Code.UNAVAILABLE, message);
        };
    }

    private static Code unknown(Kind kind) {
        return switch (kind) {
            case BLOB -> Code.BLOB_UNKNOWN;
            case MANIFEST -> Code.MANIFEST_UNKNOWN;
            default -> Code.NAME_UNKNOWN;
        };
    }

    private static String message(Exception e) {
        return String.valueOf(e.getMessage());
    }

    private static Answer unsatisfiable(long size) {
        Answer answer = error(416, Code.UNSUPPORTED, "the blob has " + size + " bytes");
        answer.headers().set(HttpHeaders.CONTENT_RANGE, "bytes */" + size);
        return answer;
    }

    private static Answer error(int status, Code code, String message) {
        return json(status, new OciError(status, code, message).body().toBuffer());
    }

    private static Answer json(int status, Buffer body) {
        return new Answer(
                status,
                length(headers(), body.length()).set(HttpHeaders.CONTENT_TYPE, JSON),
                new Body.Bytes(body),
                Source.NONE);
    }

    private static Selection select(Conditions conditions, String etag, long size) {
        // A Range header has a meaning for GET only (RFC 9110, 14.2).
        return RangeHeader.select(conditions.head() ? "" : conditions.range(), conditions.ifRange(), etag, size);
    }

    private static MultiMap headers() {
        return HttpHeaders.headers().set(API_VERSION, REGISTRY_2);
    }

    private static MultiMap blobHeaders(String etag) {
        return headers()
                .set(HttpHeaders.CONTENT_TYPE, OCTETS)
                .set(HttpHeaders.ACCEPT_RANGES, "bytes")
                .set(HttpHeaders.ETAG, etag);
    }

    private static MultiMap length(MultiMap headers, long length) {
        return headers.set(HttpHeaders.CONTENT_LENGTH, Long.toString(length));
    }

    private static MultiMap contentRange(MultiMap headers, long from, long to, long size) {
        return headers.set(HttpHeaders.CONTENT_RANGE, "bytes " + from + "-" + (to - 1) + "/" + size);
    }

    private static String etag(Digest digest) {
        return "\"" + digest + "\"";
    }
}
