package io.slipway.mirror;

import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/// Grammar of repository names, tags and registry hosts (OCI distribution 1.1, "Pulling manifests"). Each pattern
/// is linear: no input makes it backtrack beyond its own length.
final class Names {

    /// Host, port and repository together, as clients limit them.
    static final int MAX_NAME = 255;

    private static final Pattern COMPONENT = Pattern.compile("[a-z0-9]++(?:(?:\\.|__|_|-++)[a-z0-9]++)*+");
    private static final Pattern TAG = Pattern.compile("[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}");
    private static final Pattern DNS =
            Pattern.compile("[a-z0-9](?:[a-z0-9-]*+(?<!-))?+(?:\\.[a-z0-9](?:[a-z0-9-]*+(?<!-))?+)*+");
    private static final Pattern IPV6 = Pattern.compile("\\[[0-9a-f:.]{2,45}]");
    private static final Pattern PORT = Pattern.compile("[1-9][0-9]{0,4}");

    private Names() {}

    /// True for a repository name without host.
    static boolean isRepository(String name) {
        if (name.isEmpty() || name.length() > MAX_NAME) {
            return false;
        }
        for (String component : name.split("/", -1)) {
            if (!COMPONENT.matcher(component).matches()) {
                return false;
            }
        }
        return true;
    }

    /// True for a tag. A reference with `:` is a digest.
    static boolean isTag(String reference) {
        return TAG.matcher(reference).matches();
    }

    /// The host in lower case when it is a DNS name, an IPv4 address or a bracketed IPv6 address, each with or
    /// without port.
    static Optional<String> host(String text) {
        if (text.isEmpty() || text.length() > MAX_NAME) {
            return Optional.empty();
        }
        String lower = text.toLowerCase(Locale.ROOT);
        int colon = lower.lastIndexOf(':');
        boolean port = colon > lower.lastIndexOf(']');
        String name = port ? lower.substring(0, colon) : lower;
        if (port && !isPort(lower.substring(colon + 1))) {
            return Optional.empty();
        }
        boolean known = DNS.matcher(name).matches() || IPV6.matcher(name).matches();
        return known ? Optional.of(lower) : Optional.empty();
    }

    private static boolean isPort(String text) {
        return PORT.matcher(text).matches() && Integer.parseInt(text) <= 65535;
    }
}
