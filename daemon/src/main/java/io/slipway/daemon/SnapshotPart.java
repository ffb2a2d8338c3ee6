package io.slipway.daemon;

import io.slipway.cas.Cas;
import io.slipway.cas.grpc.GrpcServices;
import io.slipway.daemon.config.Config;
import io.slipway.daemon.config.Host;
import io.slipway.daemon.config.Role;
import io.slipway.linux.ChildLimits;
import io.slipway.linux.Poller;
import io.slipway.linux.Spawner;
import io.slipway.puller.Unpacker;
import io.slipway.snapshotter.SnapshotterService;
import io.slipway.snapshotter.SnapshotterState;
import io.slipway.snapshotter.diff.DiffService;
import io.slipway.snapshotter.layer.StreamProcessors;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.Executor;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The snapshotter where this machine and this user can have one, a refusal with the reason where not.
///
/// @param defaultSnapshotter taken where a client names none
/// @param states of the snapshotters that there are, usable or not
record SnapshotPart(
        Optional<SnapshotterService> service,
        Optional<DiffService> diffs,
        Unpacker unpacker,
        String defaultSnapshotter,
        List<SnapshotterState> states) {
    private static final Logger log = LoggerFactory.getLogger(SnapshotPart.class);

    /// @param wanted whether any role unpacks
    /// @param bytes packs layers
    static SnapshotPart open(
            Closing closing, Config config, Path root, Cas cas, boolean wanted, Host host, Executor bytes)
            throws StartException {
        String name = config.snapshots().defaultSnapshotter();
        if (!wanted) {
            return none(root, name, "no role unpacks");
        }
        try {
            StreamProcessors processors = processors(closing, config, host);
            SnapshotterService service = closing.add(
                    "snapshotter", SnapshotterService.open(root, cas, Options.snapshots(config), processors));
            DiffService diffs = closing.add(
                    "diff",
                    DiffService.open(root, cas, Options.snapshots(config).quota(), processors, service.notes(), bytes));
            List<String> usable = service.snapshots().snapshotters();
            SnapshotUnpacker unpacker = new SnapshotUnpacker(service.images(), name, usable);
            return new SnapshotPart(Optional.of(service), Optional.of(diffs), unpacker, name, service.states());
        } catch (IOException e) {
            String why = String.valueOf(e.getMessage());
            if (config.rolesAsked() && config.has(Role.RUNTIME)) {
                throw new StartException(ExitCode.ROLE_LACKS, "role runtime: needs a snapshotter: " + why, e);
            }
            log.atWarn()
                    .addKeyValue("snapshotter", name)
                    .addKeyValue("reason", why)
                    .log("Images stay packed.");
            return none(root, name, why);
        }
    }

    private static StreamProcessors processors(Closing closing, Config config, Host host) throws IOException {
        if (config.streamProcessors().isEmpty()) {
            return StreamProcessors.NONE;
        }
        Poller poller = closing.add("stream processors", Poller.start("streams"));
        Spawner spawner = new Spawner(poller, new ChildLimits(RuntimePart.openFiles(), OptionalInt.empty()));
        return StreamProcessors.of(
                Options.streamProcessors(config), spawner, host.environment(), StreamProcessors.STALL);
    }

    void bind(GrpcServices services) {
        service.ifPresent(s -> s.bind(services));
        diffs.ifPresent(d -> d.bind(services));
    }

    /// Logs what was chosen on this machine.
    void announce() {
        service.ifPresent(SnapshotterService::announce);
    }

    private static SnapshotPart none(Path root, String name, String why) {
        Path directory = root.resolve("snapshotters").resolve(name);
        SnapshotterState state = new SnapshotterState(name, directory, List.of(), Optional.of(why));
        return new SnapshotPart(Optional.empty(), Optional.empty(), new NoUnpacker(name, why), name, List.of(state));
    }
}
