package io.slipway.puller.http;

import io.slipway.puller.RegistryException;
import io.vertx.core.Context;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/// The head of an answer, its body not yet read. Exactly one of [#small], [#body] and [#discard] must be called.
/// One thread at a time.
public final class WireResponse {
    /// A body that nobody wants is read to its end up to here, so that the connection can be used again.
    private static final int DRAIN_BYTES_MAX = 64 * 1024;

    private final HttpClientResponse response;
    private final Context context;
    private final HttpUrl url;
    private final BlockPool pool;
    private final Duration smallLimit;
    private final Duration stall;
    private final Breakage breakage = new Breakage();

    /// To be called on the event loop that brought the head, which must be paused.
    WireResponse(
            HttpClientResponse response,
            Context context,
            HttpUrl url,
            BlockPool pool,
            Duration smallLimit,
            Duration stall) {
        this.response = response;
        this.context = context;
        this.url = url;
        this.pool = pool;
        this.smallLimit = smallLimit;
        this.stall = stall;
        response.exceptionHandler(breakage::happened);
    }

    /// Status code.
    public int status() {
        return response.statusCode();
    }

    /// What was asked.
    public HttpUrl url() {
        return url;
    }

    /// First value of a header.
    public Optional<String> header(String name) {
        return Optional.ofNullable(response.getHeader(name));
    }

    /// All values of a header.
    public List<String> headers(String name) {
        return List.copyOf(response.headers().getAll(name));
    }

    /// `Content-Length`, where it is a number.
    public OptionalLong contentLength() {
        return header("Content-Length").map(WireResponse::number).orElse(OptionalLong.empty());
    }

    private static OptionalLong number(String text) {
        return text.matches("\\d{1,18}") ? OptionalLong.of(Long.parseLong(text)) : OptionalLong.empty();
    }

    /// The whole body, which must be small.
    ///
    /// @throws RegistryException TOO_LARGE when it has more than `bytesMax` bytes, UNREACHABLE, TIMEOUT
    public byte[] small(int bytesMax) throws RegistryException, InterruptedException {
        if (contentLength().orElse(0) > bytesMax) {
            discard();
            throw tooLarge(bytesMax);
        }
        CompletableFuture<byte[]> whole = new CompletableFuture<>();
        context.runOnContext(_ -> {
            Buffer collected = Buffer.buffer();
            response.endHandler(_ -> whole.complete(collected.getBytes()));
            response.handler(chunk -> {
                if (collected.length() + chunk.length() > bytesMax) {
                    if (whole.completeExceptionally(tooLarge(bytesMax))) {
                        response.request().reset(8);
                    }
                } else {
                    collected.appendBuffer(chunk);
                }
            });
            response.resume();
            breakage.tell(whole::completeExceptionally);
        });
        try {
            return whole.get(smallLimit.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RegistryException known) {
                throw known;
            }
            throw new RegistryException(
                    RegistryException.Code.UNREACHABLE,
                    url.authority(),
                    "the answer of " + url.shown() + " broke off (" + Failures.text(e) + ")",
                    e);
        } catch (TimeoutException e) {
            response.request().reset(8);
            throw new RegistryException(
                    RegistryException.Code.TIMEOUT,
                    url.authority(),
                    url.shown() + " did not finish its answer within " + smallLimit.toMillis() + " ms",
                    e);
        } catch (InterruptedException e) {
            response.request().reset(8);
            throw e;
        }
    }

    private RegistryException tooLarge(int bytesMax) {
        return new RegistryException(
                RegistryException.Code.TOO_LARGE,
                url.authority(),
                url.shown() + " answered with more than " + bytesMax + " bytes, the most that is read there");
    }

    /// The body as a stream.
    public Body body() {
        return new Body(response, breakage, context, pool, url.authority(), stall);
    }

    /// Nobody wants the body.
    public void discard() {
        context.runOnContext(_ -> {
            boolean small = contentLength().orElse(DRAIN_BYTES_MAX + 1L) <= DRAIN_BYTES_MAX
                    || response.request().getMethod().equals(HttpMethod.HEAD)
                    || response.statusCode() == 204
                    || response.statusCode() == 304;
            if (small) {
                response.handler(_ -> {});
                response.resume();
            } else {
                response.request().reset(8);
            }
        });
    }
}
