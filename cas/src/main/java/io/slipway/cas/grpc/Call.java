package io.slipway.cas.grpc;

import io.slipway.cas.ApiException;
import io.slipway.cas.Identifier;
import io.vertx.core.MultiMap;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// What travels beside the message of one gRPC call: the headers of containerd's API
/// (`containerd-namespace`, `containerd-lease`). Immutable, any thread.
public final class Call {
    private static final String NAMESPACE_HEADER = "containerd-namespace";
    private static final String LEASE_HEADER = "containerd-lease";

    private final Optional<String> namespace;
    private final Optional<String> lease;

    Call(MultiMap headers) {
        this.namespace = nonEmpty(headers.get(NAMESPACE_HEADER));
        this.lease = nonEmpty(headers.get(LEASE_HEADER));
    }

    /// The namespace of this call.
    ///
    /// @throws ApiException FAILED_PRECONDITION when the header is missing or empty, INVALID_ARGUMENT when it
    ///     is not an identifier
    public String namespace() {
        String name = namespace.orElseThrow(() ->
                new ApiException(ApiException.Code.FAILED_PRECONDITION, "namespace is required: failed precondition"));
        return Identifier.check(name);
    }

    /// The namespace header if there is one, for the few calls that work without; not checked.
    public Optional<String> namespaceIfSent() {
        return namespace;
    }

    /// The lease that collects every object this call creates or finds, if the client named one.
    public Optional<String> lease() {
        return lease;
    }

    private static Optional<String> nonEmpty(@Nullable String value) {
        return value == null || value.isEmpty() ? Optional.empty() : Optional.of(value);
    }
}
