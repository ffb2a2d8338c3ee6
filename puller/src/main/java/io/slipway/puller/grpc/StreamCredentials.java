package io.slipway.puller.grpc;

import com.google.protobuf.Any;
import io.slipway.api.types.transfer.AuthRequest;
import io.slipway.api.types.transfer.AuthResponse;
import io.slipway.cas.grpc.Anys;
import io.slipway.puller.Credential;
import io.slipway.puller.CredentialSource;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;

/// Asks the client for credentials over its stream, one question at a time.
final class StreamCredentials implements CredentialSource {
    /// A person may have to type.
    private static final long ANSWER_SECONDS_MAX = 300;

    private final Streams.Stream stream;
    private final ReentrantLock asking = new ReentrantLock();

    StreamCredentials(Streams.Stream stream) {
        this.stream = stream;
    }

    @Override
    public Optional<Credential> find(String host, String reference, List<String> challenges)
            throws IOException, InterruptedException {
        asking.lockInterruptibly();
        try {
            AuthRequest question = AuthRequest.newBuilder()
                    .setHost(host)
                    .setReference(reference)
                    .addAllWwwauthenticate(challenges)
                    .build();
            if (!stream.send(Anys.pack(question))) {
                throw new IOException("the client closed its credentials stream");
            }
            Any answer = stream.receive(ANSWER_SECONDS_MAX)
                    .orElseThrow(() -> new IOException("the client gave no answer about credentials"));
            if (!Anys.is(answer, AuthResponse.getDefaultInstance())) {
                throw new IOException("the client answered with " + Anys.typeName(answer));
            }
            return credential(Anys.unpack(answer, AuthResponse.parser()));
        } finally {
            asking.unlock();
        }
    }

    private static Optional<Credential> credential(AuthResponse answer) {
        return switch (answer.getAuthType()) {
            case NONE, UNRECOGNIZED -> Optional.empty();
            case CREDENTIALS ->
                answer.getUsername().isEmpty()
                        ? (answer.getSecret().isEmpty()
                                ? Optional.empty()
                                : Optional.of(new Credential.Refresh(answer.getSecret())))
                        : Optional.of(new Credential.Basic(answer.getUsername(), answer.getSecret()));
            case REFRESH -> Optional.of(new Credential.Refresh(answer.getSecret()));
            case HEADER -> Optional.of(new Credential.Header(answer.getSecret()));
        };
    }
}
