package io.slipway.runtime.shim;

import com.google.protobuf.Any;
import io.slipway.api.runc.v1.Options;
import io.slipway.cas.ApiException;
import io.slipway.cas.grpc.Anys;
import java.nio.file.Path;
import java.util.Optional;

/// The options that go to a shim with Create: the client's, completed for runc with a state directory of our own,
/// so
/// that a containerd on the same host never meets our containers.
public final class RuncOptions {
    private static final String RUNC_SHIM_PREFIX = "containerd-shim-runc-";

    private final Path runcRoot;

    /// @param runcRoot `<state>/runc`; the shim adds the namespace
    public RuncOptions(Path runcRoot) {
        this.runcRoot = runcRoot;
    }

    /// The options for a shim of `binary`.
    ///
    /// @param wanted of the task, or else of the container
    /// @return what to send; empty when there is nothing to say
    /// @throws ApiException INVALID_ARGUMENT when runc's shim would get options that are not its own
    public Optional<Any> complete(Path binary, Optional<Any> wanted) {
        if (!binary.getFileName().toString().startsWith(RUNC_SHIM_PREFIX)) {
            return wanted;
        }
        Options.Builder options = parse(wanted).toBuilder();
        if (options.getRoot().isEmpty()) {
            options.setRoot(runcRoot.toString());
        }
        return Optional.of(Anys.pack(options.build()));
    }

    /// The directory of a checkpoint to restore from, if the options name one.
    public static String checkpointPath(Optional<Any> options) {
        return options.filter(any -> Anys.is(any, Options.getDefaultInstance()))
                .map(any -> Anys.unpack(any, Options.parser()).getCriuImagePath())
                .orElse("");
    }

    private static Options parse(Optional<Any> wanted) {
        if (wanted.isEmpty() || wanted.get().getTypeUrl().isEmpty()) {
            return Options.getDefaultInstance();
        }
        if (!Anys.is(wanted.get(), Options.getDefaultInstance())) {
            throw ApiException.invalid("invalid task create option for runc: " + Anys.typeName(wanted.get()));
        }
        return Anys.unpack(wanted.get(), Options.parser());
    }
}
