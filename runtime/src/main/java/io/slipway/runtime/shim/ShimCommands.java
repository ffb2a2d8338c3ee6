package io.slipway.runtime.shim;

import com.google.protobuf.InvalidProtocolBufferException;
import io.slipway.api.task.v2.DeleteResponse;
import io.slipway.cas.ApiException;
import io.slipway.linux.Child;
import io.slipway.linux.ChildResult;
import io.slipway.linux.ChildSpec;
import io.slipway.linux.Spawner;
import io.slipway.runtime.RuntimeOptions;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Runs the actions of a shim binary: `start` and `delete` (shim-v2: invocation). Blocking; called on the kernel
/// pool.
public final class ShimCommands {
    /// What of the daemon's environment reaches a shim, and with it runc and OCI hooks. Never credentials,
    /// NOTIFY_SOCKET
    /// or the JVM's variables.
    private static final Set<String> ENVIRONMENT_PASSED = Set.of("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ");

    private static final int OUTPUT_BYTES_MAX = 256 << 10;
    private static final Logger log = LoggerFactory.getLogger(ShimCommands.class);

    private final RuntimeOptions options;
    private final Spawner spawner;
    private final KernelPool kernel;

    /// Shims started through `spawner` are told the addresses in `options`.
    public ShimCommands(RuntimeOptions options, Spawner spawner, KernelPool kernel) {
        this.options = options;
        this.spawner = spawner;
        this.kernel = kernel;
    }

    /// Starts the shim of a bundle, or finds that the shim of its pod runs already; both give an address.
    ///
    /// @throws ApiException UNKNOWN with everything the shim printed when it failed
    public ShimAddress start(Bundle bundle, Path binary) throws IOException, InterruptedException {
        ChildResult result = run(
                bundle,
                spec(bundle, binary, options.timeouts().shimStart(), "start")
                        .output(new ChildSpec.Output.Combined(OUTPUT_BYTES_MAX)));
        if (!result.exit().success()) {
            throw new ApiException(ApiException.Code.UNKNOWN, "start failed: " + failure(result, result.outputText()));
        }
        return ShimAddress.parse(result.output());
    }

    /// Runs the clean-up of a shim that is gone: kills and deletes what is left of the container and unmounts its
    /// root.
    ///
    /// @return how the container ended, as far as the shim binary knows
    /// @throws ApiException UNKNOWN when the action failed, DEADLINE_EXCEEDED when it was killed
    public DeleteResponse delete(Bundle bundle, Path binary) throws IOException, InterruptedException {
        ChildResult result = run(
                bundle,
                spec(
                                bundle,
                                binary,
                                options.timeouts().shimCleanup(),
                                "-bundle",
                                bundle.path().toString(),
                                "delete")
                        .output(new ChildSpec.Output.Separate(OUTPUT_BYTES_MAX)));
        if (!result.exit().success()) {
            throw new ApiException(
                    result.timedOut() ? ApiException.Code.DEADLINE_EXCEEDED : ApiException.Code.UNKNOWN,
                    "delete failed: " + failure(result, result.errorText()));
        }
        if (!result.errorText().isBlank()) {
            log.atDebug()
                    .addKeyValue("task", bundle.id())
                    .addKeyValue("output", result.errorText().strip())
                    .log("The delete action of a shim had remarks.");
        }
        try {
            return DeleteResponse.parseFrom(result.output());
        } catch (InvalidProtocolBufferException e) {
            throw new ApiException(
                    ApiException.Code.UNKNOWN, "delete failed: its answer does not parse: " + e.getMessage(), e);
        }
    }

    private ChildResult run(Bundle bundle, ChildSpec spec) throws IOException, InterruptedException {
        long before = System.nanoTime();
        ChildResult result;
        try (Child child = kernel.run(() -> spawner.start(spec))) {
            result = child.await();
        }
        log.atDebug()
                .addKeyValue("task", bundle.id())
                .addKeyValue("command", spec)
                .addKeyValue("exit", result.exit())
                .addKeyValue("ms", (System.nanoTime() - before) / 1_000_000)
                .log("A shim action ran.");
        return result;
    }

    private ChildSpec spec(Bundle bundle, Path binary, Duration deadline, String... action) {
        List<String> command = new ArrayList<>(List.of(
                binary.toString(),
                "-namespace",
                bundle.namespace(),
                "-address",
                options.grpcAddress(),
                "-publish-binary",
                options.publishBinary().toString(),
                "-id",
                bundle.id()));
        command.addAll(List.of(action));
        return ChildSpec.of(command)
                .directory(bundle.path())
                .environment(environment(bundle.namespace()))
                .deadline(deadline);
    }

    /// Standard input stays empty: runtime options there mean different things to shims of different ages, and
    /// travel
    /// with Create anyway.
    private Map<String, String> environment(String namespace) {
        Map<String, String> environment = new HashMap<>(options.environment());
        environment.keySet().retainAll(ENVIRONMENT_PASSED);
        environment.put("GOMAXPROCS", "2");
        environment.put("TTRPC_ADDRESS", options.ttrpcAddress().toString());
        environment.put("GRPC_ADDRESS", options.grpcAddress());
        environment.put("NAMESPACE", namespace);
        environment.put("MAX_SHIM_VERSION", "2");
        return environment;
    }

    private static String failure(ChildResult result, String text) {
        String printed = text.strip();
        String end = result.timedOut()
                ? "killed at its deadline"
                : "exit status " + result.exit().status();
        return printed.isEmpty() ? end : printed + ": " + end;
    }
}
