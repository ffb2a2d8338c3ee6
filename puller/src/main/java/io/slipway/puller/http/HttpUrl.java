package io.slipway.puller.http;

import io.slipway.puller.RegistryException;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.Locale;

/// An absolute http or https URL, taken apart for dialling. Two URLs with equal [#origin] lead to the same server;
/// credentials never leave theirs.
///
/// @param host lower case, without brackets
/// @param target path and query, starting with `/`
public record HttpUrl(boolean tls, String host, int port, String target) {
    private static final int LENGTH_MAX = 16 * 1024;

    /// Parses an absolute URL.
    ///
    /// @throws RegistryException BAD_FORMAT when it is none; `from` says who sent it
    public static HttpUrl parse(String text, String from) throws RegistryException {
        if (text.length() > LENGTH_MAX) {
            throw bad(from, "a URL longer than " + LENGTH_MAX + " characters");
        }
        try {
            return of(new URI(text), from);
        } catch (URISyntaxException e) {
            throw bad(from, "a malformed URL");
        }
    }

    private static HttpUrl of(URI uri, String from) throws RegistryException {
        String scheme = uri.getScheme() == null ? "" : uri.getScheme().toLowerCase(Locale.ROOT);
        String host = uri.getHost();
        if ((!scheme.equals("http") && !scheme.equals("https")) || host == null || uri.getRawUserInfo() != null) {
            throw bad(from, "a URL that is not plain http or https");
        }
        boolean tls = scheme.equals("https");
        int port = uri.getPort() < 0 ? (tls ? 443 : 80) : uri.getPort();
        if (port == 0 || port > 65535) {
            throw bad(from, "a URL with an impossible port");
        }
        String path = uri.getRawPath() == null || uri.getRawPath().isEmpty() ? "/" : uri.getRawPath();
        String query = uri.getRawQuery() == null ? "" : "?" + uri.getRawQuery();
        String bare = host.startsWith("[") ? host.substring(1, host.length() - 1) : host;
        return new HttpUrl(tls, bare.toLowerCase(Locale.ROOT), port, path + query);
    }

    /// Where a `Location` leads from here; it may be relative.
    public HttpUrl resolve(String location) throws RegistryException {
        if (location.length() > LENGTH_MAX) {
            throw bad(authority(), "a URL longer than " + LENGTH_MAX + " characters");
        }
        try {
            return of(new URI(toString()).resolve(new URI(location)), authority());
        } catch (URISyntaxException e) {
            throw bad(authority(), "a malformed Location");
        }
    }

    private static RegistryException bad(String from, String what) {
        return new RegistryException(RegistryException.Code.BAD_FORMAT, from, from + " sent " + what);
    }

    /// `host[:port]`, the port only where it is not the scheme's own.
    public String authority() {
        String shown = host.indexOf(':') >= 0 ? "[" + host + "]" : host;
        return port == (tls ? 443 : 80) ? shown : shown + ":" + port;
    }

    /// Scheme, host and port.
    public String origin() {
        return (tls ? "https://" : "http://") + (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + port;
    }

    /// The same without its query, for messages: queries may carry signatures.
    public String shown() {
        int query = target.indexOf('?');
        return (tls ? "https://" : "http://") + authority() + (query < 0 ? target : target.substring(0, query));
    }

    @Override
    public String toString() {
        return (tls ? "https://" : "http://") + authority() + target;
    }
}
