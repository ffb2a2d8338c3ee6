package io.slipway.daemon.cli;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.slipway.cas.Algorithm;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// What an image's configuration says about running it. Comes from the network: everything is checked on parsing.
///
/// @param user `USER[:GROUP]`, empty for root
/// @param env `NAME=VALUE` entries
/// @param entrypoint what is put before the command
/// @param command the default command
/// @param workingDir empty for `/`
/// @param stopSignal what asks its process to stop
/// @param diffIds digests of the layers' tars, bottom first
record ImageConfig(
        String user,
        List<String> env,
        List<String> entrypoint,
        List<String> command,
        String workingDir,
        Optional<String> stopSignal,
        List<String> diffIds) {

    /// As many layers as one overlay mount may have lower directories.
    private static final int LAYERS_MAX = 500;

    private static final String DIFF_ID = "sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128}";

    ImageConfig {
        env = List.copyOf(env);
        entrypoint = List.copyOf(entrypoint);
        command = List.copyOf(command);
        diffIds = List.copyOf(diffIds);
    }

    /// Reads an OCI or Docker image configuration.
    static ImageConfig parse(byte[] bytes) throws Json.Malformed {
        Json root = Json.parse("image configuration", bytes);
        Json config = root.get("config");
        List<String> diffIds = root.get("rootfs").get("diff_ids").texts();
        if (diffIds.size() > LAYERS_MAX) {
            throw new Json.Malformed(
                    "image configuration names " + diffIds.size() + " layers, more than " + LAYERS_MAX);
        }
        for (String diffId : diffIds) {
            if (!diffId.matches(DIFF_ID)) {
                throw new Json.Malformed("image configuration has a malformed diff id");
            }
        }
        return new ImageConfig(
                config.get("User").ifText().orElse(""),
                config.get("Env").texts(),
                config.get("Entrypoint").texts(),
                config.get("Cmd").texts(),
                config.get("WorkingDir").ifText().orElse(""),
                config.get("StopSignal").ifText(),
                diffIds);
    }

    /// Name of the snapshot of all layers: `C1 = D1`, `Cn = sha256(Cn-1 + " " + Dn)`; empty without layers.
    Optional<String> chainId() {
        Optional<String> chain = Optional.empty();
        for (String diffId : diffIds) {
            chain = Optional.of(
                    chain.isEmpty()
                            ? diffId
                            : Hash.of(Algorithm.SHA256, (chain.get() + " " + diffId).getBytes(US_ASCII))
                                    .toString());
        }
        return chain;
    }

    /// Docker's rule: the entrypoint, then the command given, or else the image's own.
    List<String> arguments(List<String> given) {
        List<String> arguments = new ArrayList<>(entrypoint);
        arguments.addAll(given.isEmpty() ? command : given);
        return arguments;
    }
}
