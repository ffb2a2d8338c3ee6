package io.slipway.puller.fetch;

import io.slipway.cas.ByteRange;
import io.slipway.cas.Digest;
import io.slipway.puller.BlobSource;
import io.slipway.puller.PullerObserver;
import io.slipway.puller.RegistryException;
import io.slipway.puller.RegistryException.Code;
import io.slipway.puller.hosts.Endpoint;
import io.slipway.puller.http.Body;
import io.slipway.puller.http.HttpUrl;
import io.slipway.puller.http.WireRequest.Lane;
import io.slipway.puller.registry.Answer;
import io.slipway.puller.registry.Ask;
import io.slipway.puller.registry.Registry;
import io.slipway.puller.registry.Session;
import io.vertx.core.http.HttpMethod;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// One endpoint of a registry as a source of blob ranges. Where it redirects to storage, later ranges go there at once,
/// until storage refuses (signed URLs expire).
public final class HttpBlobSource implements BlobSource {
    private static final Pattern CONTENT_RANGE =
            Pattern.compile("bytes (\\d{1,18})-(\\d{1,18})/(\\d{1,18}|\\*)", Pattern.CASE_INSENSITIVE);

    private final Registry registry;
    private final Session session;
    private final Endpoint endpoint;
    private final String repository;
    private final boolean last;
    private final Lane lane;
    private final PullerObserver observer;
    private final AtomicReference<Optional<HttpUrl>> storage = new AtomicReference<>(Optional.empty());

    /// @param last whether this is the last endpoint that can be asked, so that waiting is better than giving up
    public HttpBlobSource(
            Registry registry,
            Session session,
            Endpoint endpoint,
            String repository,
            boolean last,
            Lane lane,
            PullerObserver observer) {
        this.registry = registry;
        this.session = session;
        this.endpoint = endpoint;
        this.repository = repository;
        this.last = last;
        this.lane = lane;
        this.observer = observer;
    }

    @Override
    public String name() {
        return endpoint.authority();
    }

    @Override
    public Served read(Digest digest, ByteRange range, Sink sink) throws IOException, InterruptedException {
        boolean whole = range.from() == 0 && range.to() == Long.MAX_VALUE;
        String end = range.to() == Long.MAX_VALUE ? "" : Long.toString(range.to() - 1);
        Map<String, String> headers =
                whole ? Map.of("Accept", "*/*") : Map.of("Accept", "*/*", "Range", "bytes=" + range.from() + "-" + end);
        Ask ask = new Ask(HttpMethod.GET, repository, "blobs/" + digest, headers, lane, "blob " + digest);
        Answer answer = open(ask);
        if (answer.status() == 416 && range.from() == 0) {
            // An empty blob has no range at all.
            answer.response().discard();
            ask = new Ask(HttpMethod.GET, repository, "blobs/" + digest, Map.of("Accept", "*/*"), lane, ask.what());
            answer = open(ask);
        }
        if (!answer.ok()) {
            throw registry.failure(answer, ask);
        }
        return deliver(answer, range, sink);
    }

    private Answer open(Ask ask) throws RegistryException, InterruptedException {
        Optional<HttpUrl> direct = storage.get();
        if (direct.isPresent()) {
            Answer answer = registry.askAt(session, endpoint, direct.get(), ask);
            if (answer.ok()) {
                return answer;
            }
            answer.response().discard();
            storage.set(Optional.empty());
        }
        Answer answer = registry.ask(session, endpoint, ask, last);
        if (answer.ok() && answer.redirected()) {
            storage.set(Optional.of(answer.url()));
        }
        return answer;
    }

    private Served deliver(Answer answer, ByteRange range, Sink sink) throws IOException, InterruptedException {
        String host = answer.url().authority();
        String encoding = answer.response().header("Content-Encoding").orElse("identity");
        if (!encoding.toLowerCase(Locale.ROOT).equals("identity")) {
            answer.response().discard();
            throw bad(host, "an encoded body (" + encoding + "), which is not the blob");
        }
        Part part;
        try {
            part = answer.status() == 206 ? part(answer, range) : whole(answer);
        } catch (RegistryException e) {
            answer.response().discard();
            throw e;
        }
        long bytes = 0;
        try (Body body = answer.response().body()) {
            sink.begin(part.from(), answer.status() == 206, part.size());
            for (Optional<ByteBuffer> next = body.next(); next.isPresent(); next = body.next()) {
                ByteBuffer data = next.get();
                bytes += data.remaining();
                observer.received(endpoint.authority(), data.remaining());
                if (bytes > part.length().orElse(Long.MAX_VALUE)) {
                    throw bad(host, "more bytes than it announced");
                }
                sink.data(data);
            }
        }
        if (part.length().isPresent() && bytes < part.length().getAsLong()) {
            throw new RegistryException(
                    Code.UNREACHABLE,
                    host,
                    host + " ended its answer after " + bytes + " of "
                            + part.length().getAsLong() + " bytes");
        }
        return new Served(answer.status() == 206, bytes);
    }

    private record Part(long from, OptionalLong length, OptionalLong size) {}

    private static Part whole(Answer answer) {
        OptionalLong length = answer.response().contentLength();
        return new Part(0, length, length);
    }

    private static Part part(Answer answer, ByteRange asked) throws RegistryException {
        String host = answer.url().authority();
        String header = answer.response().header("Content-Range").orElse("");
        Matcher matcher = CONTENT_RANGE.matcher(header.trim());
        if (!matcher.matches()) {
            throw bad(host, "a partial answer without a usable Content-Range");
        }
        long from = Long.parseLong(matcher.group(1));
        long to = Long.parseLong(matcher.group(2)) + 1;
        if (from != asked.from() || to <= from || to > asked.to()) {
            throw bad(host, "bytes " + from + "-" + (to - 1) + " where " + asked + " was asked for");
        }
        OptionalLong size =
                matcher.group(3).equals("*") ? OptionalLong.empty() : OptionalLong.of(Long.parseLong(matcher.group(3)));
        if (size.isPresent() && to > size.getAsLong()) {
            throw bad(host, "a Content-Range beyond its own size");
        }
        return new Part(from, OptionalLong.of(to - from), size);
    }

    private static RegistryException bad(String host, String what) {
        return new RegistryException(Code.BAD_FORMAT, host, host + " sent " + what);
    }
}
