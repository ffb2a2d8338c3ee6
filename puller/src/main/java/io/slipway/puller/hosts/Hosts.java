package io.slipway.puller.hosts;

import io.slipway.puller.PullRequest;
import io.slipway.puller.PullerObserver;
import io.slipway.puller.RegistryException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The endpoints of a registry, in the order in which to ask them. Files are read at every call, so a change needs no
/// restart. Blocking, thread-safe.
public final class Hosts {
    private static final Logger log = LoggerFactory.getLogger(Hosts.class);
    private static final int FILE_BYTES_MAX = 1 << 20;
    private static final Set<Capability> ALL = EnumSet.allOf(Capability.class);

    private final List<Path> roots;
    private final OwnListeners own;
    private final PullerObserver observer;

    /// @param roots hosts directories in order
    /// @param ownListeners `host:port` of our own mirror
    public Hosts(List<Path> roots, Supplier<List<String>> ownListeners, PullerObserver observer) {
        this.roots = List.copyOf(roots);
        this.own = new OwnListeners(ownListeners);
        this.observer = observer;
    }

    /// The endpoints for this registry; upstream itself is last. Our own listeners are left out, so the list may be
    /// empty.
    ///
    /// @throws RegistryException CONFIGURATION when a directory, CA or key cannot be read
    public List<Endpoint> endpoints(String registry, PullRequest.Route route) throws RegistryException {
        List<Path> searched = route.hostsDirectory().map(Hosts::split).orElse(roots);
        List<HostEntry> entries;
        try {
            Optional<Path> directory = HostsDirectory.find(searched, registry);
            entries = directory.isPresent()
                    ? configured(directory.get(), registry, route)
                    : List.of(defaultEntry(registry, route, TlsFiles.DEFAULT, Map.of(), Optional.empty(), false));
        } catch (IOException e) {
            throw new RegistryException(
                    RegistryException.Code.CONFIGURATION,
                    registry,
                    "can't read the hosts directory of " + registry + " (" + e.getMessage() + "); correct config_path",
                    e);
        }
        List<Endpoint> endpoints = new ArrayList<>();
        for (HostEntry entry : entries) {
            if (own.contains(entry.scheme(), entry.authority())) {
                log.atDebug()
                        .addKeyValue("registry", registry)
                        .addKeyValue("host", entry.authority())
                        .log("Skipping a configured host that is this node's own mirror.");
                continue;
            }
            endpoints.add(new Endpoint(
                    entry.scheme(),
                    entry.authority(),
                    entry.path(),
                    entry.capabilities(),
                    TlsLoader.load(entry.tls(), entry.authority()),
                    entry.headers(),
                    entry.dialTimeout()));
        }
        return endpoints;
    }

    /// Whether a directory of the configured roots names this registry itself.
    public boolean hasOwnDirectory(String registry) {
        return HostsDirectory.named(roots, registry);
    }

    /// `A:B` as a list of directories.
    public static List<Path> split(String paths) {
        List<Path> parts = new ArrayList<>();
        for (String part : paths.split(":", -1)) {
            if (!part.isEmpty()) {
                parts.add(Path.of(part));
            }
        }
        return parts;
    }

    /// Reads every hosts.toml below the roots, for `slipwayd config check`.
    ///
    /// @return one line per file that does not parse
    public List<String> check() {
        List<String> faults = new ArrayList<>();
        for (Path root : roots) {
            try (var directories = Files.list(root)) {
                for (Path directory : directories.sorted().toList()) {
                    try {
                        Optional<String> text = text(directory.resolve("hosts.toml"));
                        if (text.isPresent() && !text.get().isEmpty()) {
                            HostsToml.parse(text.get(), directory);
                        }
                    } catch (IOException | HostsFileException e) {
                        faults.add(directory.resolve("hosts.toml") + ": " + e.getMessage());
                    }
                }
            } catch (NoSuchFileException absent) {
                log.trace("no directory {}", root);
            } catch (IOException e) {
                faults.add(root + ": " + e.getMessage());
            }
        }
        return faults;
    }

    private List<HostEntry> configured(Path directory, String registry, PullRequest.Route route) throws IOException {
        Path file = directory.resolve("hosts.toml");
        Optional<String> text = text(file);
        if (text.isPresent() && !text.get().isEmpty()) {
            try {
                return entries(HostsToml.parse(text.get(), directory), registry, route);
            } catch (HostsFileException e) {
                observer.hostsFileIgnored(file);
                log.atWarn()
                        .addKeyValue("file", file)
                        .addKeyValue("registry", registry)
                        .addKeyValue("error", e.getMessage())
                        .log("A hosts.toml is not valid and is ignored; its mirrors are not used.");
            }
        }
        return List.of(
                defaultEntry(registry, route, DockerStyleFiles.in(directory), Map.of(), Optional.empty(), false));
    }

    private static Optional<String> text(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            byte[] bytes = in.readNBytes(FILE_BYTES_MAX + 1);
            if (bytes.length > FILE_BYTES_MAX) {
                throw new IOException(file + " is larger than " + FILE_BYTES_MAX + " bytes");
            }
            return Optional.of(new String(bytes, StandardCharsets.UTF_8));
        } catch (NoSuchFileException absent) {
            return Optional.empty();
        }
    }

    private static List<HostEntry> entries(HostsToml toml, String registry, PullRequest.Route route) {
        List<HostEntry> entries = new ArrayList<>(toml.hosts());
        HostsToml.Server server = toml.server();
        entries.add(server.url()
                .map(url -> new HostEntry(
                        url.scheme(),
                        url.authority(),
                        url.path(),
                        server.capabilities(),
                        server.tls(),
                        server.headers(),
                        server.dialTimeout()))
                .orElseGet(() ->
                        defaultEntry(registry, route, server.tls(), server.headers(), server.dialTimeout(), true)));
        return entries;
    }

    /// The registry's own server where no file names one (specs: hosts-toml 5; design 4, plain HTTP).
    private static HostEntry defaultEntry(
            String registry,
            PullRequest.Route route,
            TlsFiles tls,
            Map<String, List<String>> headers,
            Optional<java.time.Duration> dialTimeout,
            boolean fromFile) {
        if (registry.equals("docker.io")) {
            return new HostEntry(
                    Endpoint.Scheme.HTTPS, HostNames.DOCKER_HUB_ENDPOINT, "/v2", ALL, tls, headers, dialTimeout);
        }
        if (route.defaultScheme().isPresent()) {
            return new HostEntry(
                    route.defaultScheme().get().equals("http") ? Endpoint.Scheme.HTTP : Endpoint.Scheme.HTTPS,
                    registry,
                    "/v2",
                    ALL,
                    tls,
                    headers,
                    dialTimeout);
        }
        if (!HostNames.isLocal(registry)) {
            return new HostEntry(Endpoint.Scheme.HTTPS, registry, "/v2", ALL, tls, headers, dialTimeout);
        }
        // Authorities given for a local registry mean that it has TLS and shall be verified.
        TlsFiles trust = fromFile && !tls.ca().isEmpty() ? tls : tls.withSkipVerify();
        int port = HostNames.port(registry).orElse(443);
        Endpoint.Scheme scheme = port == 80 ? Endpoint.Scheme.HTTP : Endpoint.Scheme.HTTPS_THEN_HTTP;
        return new HostEntry(scheme, registry, "/v2", ALL, trust, headers, dialTimeout);
    }
}
