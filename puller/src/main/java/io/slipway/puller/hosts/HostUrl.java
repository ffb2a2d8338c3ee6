package io.slipway.puller.hosts;

import java.net.URI;
import java.net.URISyntaxException;
import java.util.ArrayDeque;
import java.util.Deque;

/// The URL of a `server` or `[host."..."]`, normalised (specs: hosts-toml 3).
///
/// @param path with `/v2` appended unless it ends so or override_path is set
record HostUrl(Endpoint.Scheme scheme, String authority, String path) {
    static HostUrl parse(String text, boolean overridePath) throws HostsFileException {
        String full = text.startsWith("http") ? text : "https://" + text;
        URI uri;
        try {
            uri = new URI(full);
        } catch (URISyntaxException e) {
            throw new HostsFileException("\"" + text + "\" is not a URL", e);
        }
        String authority = uri.getRawAuthority();
        if (authority == null || authority.isEmpty() || uri.getRawUserInfo() != null) {
            throw new HostsFileException("\"" + text + "\" names no host, or carries credentials");
        }
        String scheme = uri.getScheme();
        if (!"http".equals(scheme) && !"https".equals(scheme)) {
            throw new HostsFileException("\"" + text + "\" is neither http nor https");
        }
        return new HostUrl(
                scheme.equals("http") ? Endpoint.Scheme.HTTP : Endpoint.Scheme.HTTPS,
                authority,
                path(uri.getRawPath() == null ? "" : uri.getRawPath(), overridePath));
    }

    private static String path(String raw, boolean overridePath) {
        String clean = clean(raw);
        if (overridePath || clean.endsWith("/v2")) {
            return clean;
        }
        return clean + "/v2";
    }

    /// Resolves `.`, `..` and doubled slashes; no trailing slash; the root is empty.
    private static String clean(String raw) {
        Deque<String> kept = new ArrayDeque<>();
        for (String part : raw.split("/", -1)) {
            switch (part) {
                case "", "." -> {}
                case ".." -> kept.pollLast();
                default -> kept.addLast(part);
            }
        }
        return kept.isEmpty() ? "" : "/" + String.join("/", kept);
    }
}
