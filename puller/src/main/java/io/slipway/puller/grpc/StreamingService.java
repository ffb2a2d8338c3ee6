package io.slipway.puller.grpc;

import com.google.protobuf.Any;
import com.google.protobuf.Empty;
import io.slipway.api.services.streaming.v1.StreamInit;
import io.slipway.api.services.streaming.v1.StreamingGrpcService;
import io.slipway.cas.ApiException;
import io.slipway.cas.grpc.Anys;
import io.slipway.cas.grpc.Call;
import io.slipway.cas.grpc.GrpcServices;
import io.slipway.cas.grpc.In;
import io.slipway.cas.grpc.Out;
import java.util.Optional;

/// The first message names the stream, an Empty acknowledges it; from then on other calls may refer to it. Closing
/// either side ends it.
public final class StreamingService {
    private final Streams streams;

    /// Registers what clients open in `streams`.
    public StreamingService(Streams streams) {
        this.streams = streams;
    }

    /// Serves Streaming.
    public void bind(GrpcServices server) {
        server.bidi(StreamingGrpcService.Stream, this::stream);
    }

    private void stream(Call call, In<Any> in, Out<Any> out) throws InterruptedException {
        String namespace = call.namespace();
        Any first = in.next()
                .orElseThrow(() -> new ApiException(
                        ApiException.Code.INVALID_ARGUMENT, "the stream ended before its first message"));
        if (!Anys.is(first, StreamInit.getDefaultInstance())) {
            throw new ApiException(
                    ApiException.Code.INVALID_ARGUMENT,
                    "the first message of a stream must be StreamInit, not " + Anys.typeName(first));
        }
        String id = Anys.unpack(first, StreamInit.parser()).getId();
        if (id.isEmpty() || id.length() > Streams.NAME_CHARS_MAX) {
            throw new ApiException(
                    ApiException.Code.INVALID_ARGUMENT,
                    "a stream id has 1 to " + Streams.NAME_CHARS_MAX + " characters: invalid argument");
        }
        Streams.Stream stream = streams.register(namespace, id, out);
        try {
            stream.send(Anys.pack(Empty.getDefaultInstance()));
            for (Optional<Any> message = in.next(); message.isPresent(); message = in.next()) {
                stream.deliver(message.get());
            }
        } catch (InterruptedException e) {
            if (!stream.isClosed()) {
                throw e;
            }
        } finally {
            streams.remove(namespace, id);
            stream.ended();
        }
    }
}
