package io.slipway.daemon;

import io.slipway.cas.Cas;
import io.slipway.cas.CasOptions;
import io.slipway.cas.SharingPolicy;
import io.slipway.cas.grpc.GrpcServices;
import io.slipway.daemon.config.Address;
import io.slipway.daemon.config.Config;
import io.slipway.daemon.config.Host;
import io.slipway.daemon.config.Role;
import io.slipway.linux.HasherProvider;
import io.slipway.linux.Hashers;
import io.slipway.linux.Os;
import io.slipway.mirror.Mirror;
import io.slipway.mirror.MirrorAddressException;
import io.slipway.mirror.MirrorOptions;
import io.slipway.puller.Puller;
import io.slipway.puller.Unpacker;
import io.slipway.runtime.EventExchange;
import io.slipway.runtime.Runtime;
import io.vertx.core.Vertx;
import io.vertx.grpc.server.GrpcServer;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// All parts of one running daemon, put together by hand in the order in which they need each other and
/// closed in the reverse one. Started and closed from one thread.
final class Daemon implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Daemon.class);

    private static final String STORE = "store";

    private final Closing closing;
    private final Directories directories;
    private final Readiness readiness;
    private final ReadyFile ready;

    private Daemon(Closing closing, Directories directories, Readiness readiness, ReadyFile ready) {
        this.closing = closing;
        this.directories = directories;
        this.readiness = readiness;
        this.ready = ready;
    }

    /// Returns when every role answers.
    ///
    /// @param uptime time since the process started
    static Daemon start(Config config, Host host, Supplier<Duration> uptime) throws StartException {
        Closing closing = new Closing();
        try {
            return start(closing, config, host, uptime);
        } catch (StartException e) {
            closing.close();
            throw e;
        } catch (Exception e) {
            closing.close();
            throw new StartException(ExitCode.FAILED, "cannot start: " + e, e);
        }
    }

    private static Daemon start(Closing closing, Config config, Host host, Supplier<Duration> uptime) throws Exception {
        Version version = Version.ofThisBuild();
        Set<Role> roles = RoleCheck.roles(config, host);
        Directories directories = closing.add("directories", Directories.claim(config.root(), config.state()));
        String nodeId = NodeId.of(directories.root());
        raiseOpenFiles();
        Vertx vertx = EventLoops.start(closing);
        Pools pools = closing.add("pools", new Pools());

        Readiness readiness = new Readiness();
        Meters meters = new Meters(version, uptime.get(), readiness);
        Optional<StatusListener> status = Optional.empty();
        if (config.metrics().isPresent()) {
            status = Optional.of(closing.add(
                    "status listener",
                    StatusListener.listen(vertx, config.metrics().get(), readiness, meters::scrape)));
        }
        for (Role role : roles) {
            readiness.missing(role.toString(), "starting");
        }

        EventExchange events = closing.add("events", new EventExchange(Clock.systemUTC()));
        HasherProvider hashers = Hashers.best();
        Cas cas = closing.add(
                "store",
                Cas.open(CasOptions.of(directories.root(), pools.bytes(), hashers)
                        .withCacheLimits(Options.cacheLimits(config))
                        .withGc(Options.gc(config))
                        .withSharing(config.store().shared() ? SharingPolicy.SHARED : SharingPolicy.ISOLATED)
                        .withScrub(Options.scrub(config, meters))));
        cas.publishTo(events);
        meters.metadata(cas);
        watch(cas, readiness);

        boolean unpacks = roles.contains(Role.API);
        SnapshotPart snapshots =
                SnapshotPart.open(closing, config, directories.root(), cas, unpacks, host, pools.bytes());
        Unpacker unpacker = snapshots.unpacker();
        AtomicReference<List<String>> ownListeners = new AtomicReference<>(List.of());
        Puller puller = closing.add(
                "puller", Puller.open(vertx, cas, unpacker, Options.puller(config, nodeId, ownListeners::get), meters));

        Optional<Runtime> runtime = Optional.empty();
        if (roles.contains(Role.RUNTIME)) {
            runtime = Optional.of(RuntimePart.open(closing, config, host, cas, events, pools.kernel()));
            meters.runtime(runtime.get()::counts);
            readiness.answers(Role.RUNTIME.toString());
        }

        List<String> mirrors = List.of();
        if (roles.contains(Role.MIRROR)) {
            MirrorOptions options = Options.mirror(config, nodeId, puller, meters);
            Mirror mirror = closing.add("mirror", mirror(vertx, cas, puller, options));
            mirrors = mirror.addresses();
            ownListeners.set(mirrors);
            readiness.answers(Role.MIRROR.toString());
        }

        cas.joined();
        cas.refetchWith(new RegistryRefetch(puller.upstreams(), cas.blobs()));
        if (roles.contains(Role.API)) {
            GrpcServer grpc = GrpcListener.server(vertx);
            GrpcServices services = new GrpcServices(grpc);
            meters.apiCalls(services::callsInFlight);
            cas.bind(services);
            puller.bind(services);
            snapshots.bind(services);
            if (runtime.isPresent()) {
                runtime.get().bind(services);
            } else {
                events.bind(services);
            }
            List<PluginEntry> plugins = Plugins.of(config, directories.root(), snapshots, runtime.isPresent());
            new SystemServices(version, nodeId, plugins).bind(services);
            closing.add("api", GrpcListener.listen(vertx, config.grpc(), grpc));
            readiness.answers(Role.API.toString());
        }

        snapshots.announce();
        ReadyFile ready = new ReadyFile(
                ProcessHandle.current().pid(),
                version.version(),
                roles.contains(Role.API) ? config.grpc().address().toString() : "",
                runtime.map(r -> r.ttrpcAddress().toString()).orElse(""),
                mirrors,
                status.map(StatusListener::address).map(Address.Tcp::toString).orElse(""),
                roles.stream().map(Role::toString).toList(),
                uptime.get().toMillis());
        readiness.answers("daemon");
        return new Daemon(closing, directories, readiness, ready);
    }

    Directories directories() {
        return directories;
    }

    /// Where everything is.
    ReadyFile ready() {
        return ready;
    }

    @Override
    public void close() {
        readiness.missing("daemon", "stopping");
        closing.close();
    }

    private static Mirror mirror(Vertx vertx, Cas cas, Puller puller, MirrorOptions options) throws Exception {
        try {
            return Mirror.start(vertx, cas, puller.upstreams(), options);
        } catch (MirrorAddressException e) {
            boolean inUse = e.inUse() || AddressInUse.is(e);
            throw new StartException(
                    inUse ? ExitCode.IN_USE : ExitCode.FAILED,
                    "mirror address " + e.address() + ": " + (inUse ? "somebody listens there" : e.getMessage())
                            + "; name another with --mirror-address",
                    e);
        } catch (IllegalArgumentException e) {
            throw new StartException(ExitCode.BAD_CONFIG, "mirror: " + e.getMessage(), e);
        }
    }

    /// A database that can't be opened, or turns out to be damaged, is for the operator: the daemon goes on with what
    /// does not need it.
    private static void watch(Cas cas, Readiness readiness) {
        cas.whenDamaged(why -> readiness.missing(STORE, "the metadata is damaged, restart slipwayd: " + why));
        var _ = cas.metadata().ready().exceptionally(failure -> {
            Throwable cause =
                    failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
            log.atError().addKeyValue("reason", cause.getMessage()).log("The metadata can't be used.");
            readiness.missing(STORE, String.valueOf(cause.getMessage()));
            return null;
        });
    }

    private static void raiseOpenFiles() {
        try {
            Os.raiseOpenFiles();
        } catch (IOException e) {
            log.atWarn().setCause(e).log("The limit on open files stays as it is.");
        }
    }
}
