package io.slipway.daemon.cli;

import io.slipway.api.types.transfer.AuthRequest;
import java.util.Optional;

/// The stream on which the daemon asks for credentials; none without credentials, so that it uses what it has itself.
final class AuthStream implements AutoCloseable {
    private final Optional<SideStream> stream;

    private AuthStream(Optional<SideStream> stream) {
        this.stream = stream;
    }

    static AuthStream open(Connection connection, Optional<Credentials> credentials)
            throws CallFailed, CommandFailed, InterruptedException {
        if (credentials.isEmpty()) {
            return new AuthStream(Optional.empty());
        }
        Credentials own = credentials.get();
        return new AuthStream(Optional.of(SideStream.open(connection, "auth", (exchange, message) -> {
            if (Messages.is(message, Messages.AUTH_REQUEST)) {
                AuthRequest question = AuthRequest.parseFrom(message.getValue());
                exchange.send(Messages.any(Messages.AUTH_RESPONSE, own.answer(question)));
            }
        })));
    }

    Optional<String> id() {
        return stream.map(SideStream::id);
    }

    @Override
    public void close() {
        stream.ifPresent(SideStream::close);
    }
}
