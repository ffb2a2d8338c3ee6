package io.slipway.puller.hosts;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.toml.TomlMapper;
import io.slipway.puller.hosts.TlsFiles.ClientFiles;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// Reads one hosts.toml (specs: hosts-toml 3).
///
/// @param hosts the mirrors in order of their table headers
/// @param server the last entry as far as the file describes it; its URL may be missing
record HostsToml(List<HostEntry> hosts, Server server) {
    /// The root fields, which belong to the server.
    ///
    /// @param url where `server` is given
    record Server(
            Optional<HostUrl> url,
            Set<Capability> capabilities,
            TlsFiles tls,
            Map<String, List<String>> headers,
            Optional<Duration> dialTimeout) {}

    static HostsToml parse(String text, Path directory) throws HostsFileException {
        JsonNode root;
        try {
            root = new TomlMapper().readTree(text);
        } catch (JacksonException e) {
            throw new HostsFileException("not TOML: " + e.getOriginalMessage() + location(e), e);
        }
        Reader reader = new Reader(directory);
        JsonNode tables = root.path("host");
        if (!tables.isMissingNode() && !tables.isObject()) {
            throw new HostsFileException("host is not a table");
        }
        List<HostEntry> hosts = new ArrayList<>();
        for (String name : TableHeaders.hosts(text)) {
            hosts.add(reader.host(name, tables.path(name)));
        }
        return new HostsToml(List.copyOf(hosts), reader.server(root));
    }

    private static String location(JacksonException e) {
        return e.getLocation() == null ? "" : " at line " + e.getLocation().getLineNr();
    }

    /// Reads fields of one table, complaining about each that has the wrong type.
    private record Reader(Path directory) {
        HostEntry host(String name, JsonNode table) throws HostsFileException {
            HostUrl url = HostUrl.parse(name, bool(table, "override_path"));
            TlsFiles tls = tls(table);
            return new HostEntry(
                    withTls(url, tls),
                    url.authority(),
                    url.path(),
                    capabilities(table),
                    tls,
                    headers(table),
                    dialTimeout(table));
        }

        Server server(JsonNode root) throws HostsFileException {
            Optional<String> name = string(root, "server");
            Optional<HostUrl> url = Optional.empty();
            TlsFiles tls = tls(root);
            boolean override = bool(root, "override_path");
            if (name.isPresent() && !name.get().isEmpty()) {
                HostUrl parsed = HostUrl.parse(name.get(), override);
                url = Optional.of(new HostUrl(withTls(parsed, tls), parsed.authority(), parsed.path()));
            }
            return new Server(url, capabilities(root), tls, headers(root), dialTimeout(root));
        }

        /// An http endpoint with TLS settings is ambiguous and tried with TLS first, except on port 80.
        private static Endpoint.Scheme withTls(HostUrl url, TlsFiles tls) {
            boolean ambiguous = url.scheme() == Endpoint.Scheme.HTTP
                    && !tls.isDefault()
                    && HostNames.port(url.authority()).orElse(0) != 80;
            return ambiguous ? Endpoint.Scheme.HTTPS_THEN_HTTP : url.scheme();
        }

        private static Set<Capability> capabilities(JsonNode table) throws HostsFileException {
            JsonNode node = table.path("capabilities");
            if (node.isMissingNode()) {
                return EnumSet.allOf(Capability.class);
            }
            Set<Capability> found = EnumSet.noneOf(Capability.class);
            for (String word : strings(node, "capabilities", false)) {
                found.add(
                        switch (word.toLowerCase(Locale.ROOT)) {
                            case "pull" -> Capability.PULL;
                            case "resolve" -> Capability.RESOLVE;
                            case "push" -> Capability.PUSH;
                            case "referrers" -> Capability.REFERRERS;
                            default -> throw new HostsFileException("unknown capability \"" + word + "\"");
                        });
            }
            return found.isEmpty() ? EnumSet.allOf(Capability.class) : found;
        }

        private TlsFiles tls(JsonNode table) throws HostsFileException {
            List<Path> ca = new ArrayList<>();
            JsonNode authorities = table.path("ca");
            if (!authorities.isMissingNode()) {
                for (String file : strings(authorities, "ca", true)) {
                    ca.add(directory.resolve(file));
                }
            }
            return new TlsFiles(ca, clients(table.path("client")), bool(table, "skip_verify"));
        }

        /// A string, an array of strings (each certificate and key in one file), or an array of [certificate, key].
        private List<ClientFiles> clients(JsonNode node) throws HostsFileException {
            if (node.isMissingNode()) {
                return List.of();
            }
            if (node.isTextual()) {
                return List.of(new ClientFiles(directory.resolve(node.textValue()), Optional.empty()));
            }
            if (!node.isArray()) {
                throw new HostsFileException("client is neither a string nor an array");
            }
            List<ClientFiles> clients = new ArrayList<>();
            for (JsonNode element : node) {
                if (element.isTextual()) {
                    clients.add(new ClientFiles(directory.resolve(element.textValue()), Optional.empty()));
                } else if (element.isArray() && (element.size() == 1 || element.size() == 2)) {
                    List<String> pair = strings(element, "client", false);
                    clients.add(new ClientFiles(
                            directory.resolve(pair.getFirst()),
                            pair.size() == 2 && !pair.get(1).isEmpty()
                                    ? Optional.of(directory.resolve(pair.get(1)))
                                    : Optional.empty()));
                } else {
                    throw new HostsFileException("client must be files or [certificate, key] pairs");
                }
            }
            return clients;
        }

        private static Map<String, List<String>> headers(JsonNode table) throws HostsFileException {
            JsonNode node = table.path("header");
            if (node.isMissingNode()) {
                return Map.of();
            }
            if (!node.isObject()) {
                throw new HostsFileException("header is not a table");
            }
            Map<String, List<String>> headers = new LinkedHashMap<>();
            for (Map.Entry<String, JsonNode> field : node.properties()) {
                if (!HeaderText.isName(field.getKey())) {
                    throw new HostsFileException("\"" + field.getKey() + "\" is not a header name");
                }
                List<String> values = strings(field.getValue(), "header " + field.getKey(), true);
                for (String value : values) {
                    if (!HeaderText.isValue(value)) {
                        throw new HostsFileException(
                                "header " + field.getKey() + " has a value with control characters");
                    }
                }
                headers.put(field.getKey(), List.copyOf(values));
            }
            return headers;
        }

        private static Optional<Duration> dialTimeout(JsonNode table) throws HostsFileException {
            Optional<String> text = string(table, "dial_timeout");
            if (text.isEmpty() || text.get().isEmpty()) {
                return Optional.empty();
            }
            try {
                Duration timeout = GoDuration.parse(text.get());
                return timeout.isZero() ? Optional.empty() : Optional.of(timeout);
            } catch (IllegalArgumentException e) {
                throw new HostsFileException("dial_timeout: " + e.getMessage(), e);
            }
        }

        private static List<String> strings(JsonNode node, String name, boolean singleAllowed)
                throws HostsFileException {
            if (singleAllowed && node.isTextual()) {
                return List.of(node.textValue());
            }
            if (!node.isArray()) {
                throw new HostsFileException(name + " is not " + (singleAllowed ? "a string or " : "") + "an array");
            }
            List<String> values = new ArrayList<>();
            for (JsonNode element : node) {
                if (!element.isTextual()) {
                    throw new HostsFileException(name + " holds something that is not a string");
                }
                values.add(element.textValue());
            }
            return values;
        }

        private static Optional<String> string(JsonNode table, String name) throws HostsFileException {
            JsonNode node = table.path(name);
            if (node.isMissingNode()) {
                return Optional.empty();
            }
            if (!node.isTextual()) {
                throw new HostsFileException(name + " is not a string");
            }
            return Optional.of(node.textValue());
        }

        private static boolean bool(JsonNode table, String name) throws HostsFileException {
            JsonNode node = table.path(name);
            if (node.isMissingNode()) {
                return false;
            }
            if (!node.isBoolean()) {
                throw new HostsFileException(name + " is not true or false");
            }
            return node.booleanValue();
        }
    }
}
