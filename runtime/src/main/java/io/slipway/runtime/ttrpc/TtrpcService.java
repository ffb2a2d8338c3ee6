package io.slipway.runtime.ttrpc;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.Parser;
import io.slipway.cas.ApiException;
import java.io.IOException;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// The methods of one service by name. Built once, then immutable.
public final class TtrpcService {
    private final String name;
    private final Map<String, Method<?>> methods;

    private record Method<A extends Message>(Parser<A> parser, Handler<A> handler) {
        Message run(Metadata metadata, ByteString payload) throws IOException, InterruptedException {
            A request;
            try {
                request = parser.parseFrom(payload);
            } catch (InvalidProtocolBufferException e) {
                throw new TtrpcException(
                        ApiException.Code.INTERNAL, "ttrpc: error unmarshalling payload: " + e.getMessage());
            }
            return handler.handle(metadata, request);
        }
    }

    private TtrpcService(String name, Map<String, Method<?>> methods) {
        this.name = name;
        this.methods = methods;
    }

    /// Starts the list of methods of the service with this full protobuf name.
    public static Builder named(String name) {
        return new Builder(name);
    }

    /// The full protobuf name.
    public String name() {
        return name;
    }

    /// Runs a method on the calling thread.
    Message run(String method, Metadata metadata, ByteString payload) throws IOException, InterruptedException {
        Method<?> found = methods.get(method);
        if (found == null) {
            throw new TtrpcException(ApiException.Code.UNIMPLEMENTED, "method " + method);
        }
        return found.run(metadata, payload);
    }

    /// Answers one call, on a virtual thread of its own.
    public interface Handler<A> {
        /// @throws ApiException what the caller gets as status
        /// @throws TtrpcException likewise; any other exception becomes UNKNOWN with its text
        /// @throws InterruptedException when the deadline has passed or the connection is gone
        Message handle(Metadata metadata, A request) throws IOException, InterruptedException;
    }

    /// Key-value pairs beside a request.
    public static final class Metadata {
        private final Map<String, List<String>> values;

        Metadata(Map<String, List<String>> values) {
            this.values = values;
        }

        /// The first value of `key`, which is in lower case.
        public Optional<String> first(String key) {
            return values.getOrDefault(key, List.of()).stream().findFirst();
        }
    }

    /// Collects methods. Not thread-safe.
    public static final class Builder {
        private final String name;
        private final Map<String, Method<?>> methods = new HashMap<>();

        private Builder(String name) {
            this.name = name;
        }

        /// Serves `method`, the bare name of the rpc.
        public <A extends Message> Builder method(String method, Parser<A> parser, Handler<A> handler) {
            methods.put(method, new Method<>(parser, handler));
            return this;
        }

        /// The service.
        public TtrpcService build() {
            return new TtrpcService(name, Collections.unmodifiableMap(new HashMap<>(methods)));
        }
    }
}
