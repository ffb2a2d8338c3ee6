package io.slipway.runtime.shim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.Any;
import io.slipway.api.runc.v1.Options;
import io.slipway.cas.grpc.Anys;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;

final class RuncOptionsTest {
    private static final Path RUNC_SHIM = Path.of("/usr/bin/containerd-shim-runc-v2");
    private final RuncOptions options = new RuncOptions(Path.of("/run/slipway/runc"));

    @Test
    void runcGetsAStateDirectoryOfOurOwn() {
        Any any = options.complete(RUNC_SHIM, Optional.empty()).orElseThrow();
        assertThat(any.getTypeUrl()).isEqualTo("containerd.runc.v1.Options");
        assertThat(Anys.unpack(any, Options.parser()).getRoot()).isEqualTo("/run/slipway/runc");
    }

    @Test
    void whatTheClientSaidStays() {
        Options theirs = Options.newBuilder()
                .setBinaryName("/opt/crun")
                .setSystemdCgroup(true)
                .setRoot("/their/root")
                .setCriuImagePath("/checkpoint")
                .build();
        Optional<Any> completed = options.complete(RUNC_SHIM, Optional.of(Any.pack(theirs)));
        assertThat(completed.orElseThrow().getTypeUrl()).isEqualTo("containerd.runc.v1.Options");
        assertThat(Anys.unpack(completed.orElseThrow(), Options.parser())).isEqualTo(theirs);
        assertThat(RuncOptions.checkpointPath(completed)).isEqualTo("/checkpoint");
    }

    @Test
    void otherOptionsForRuncAreRefused() {
        Any other = Any.newBuilder().setTypeUrl("runtimeoptions.v1.Options").build();
        assertThatThrownBy(() -> options.complete(RUNC_SHIM, Optional.of(other)))
                .hasMessageContaining("invalid task create option");
    }

    @Test
    void theOptionsOfOtherShimsAreTheirs() {
        Any other = Any.newBuilder().setTypeUrl("runtimeoptions.v1.Options").build();
        Path shim = Path.of("/usr/bin/containerd-shim-runsc-v1");
        assertThat(options.complete(shim, Optional.of(other))).contains(other);
        assertThat(options.complete(shim, Optional.empty())).isEmpty();
    }
}
