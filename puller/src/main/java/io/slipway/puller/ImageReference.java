package io.slipway.puller;

import io.slipway.cas.Digest;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/// The name of an image: registry host, repository, and a tag, a digest or both.
///
/// Short names get Docker's defaults: no host is `docker.io`, no slash on `docker.io` is `library/`, neither tag nor
/// digest is `:latest`. The grammar is that of the OCI distribution specification 1.1.
///
/// @param host registry as written, `host` or `host:port`, IPv6 in brackets; `index.docker.io` becomes `docker.io`
/// @param repository slash-separated lower-case components
/// @param tag at most 128 characters
/// @param digest wins over the tag where both are there
public record ImageReference(String host, String repository, Optional<String> tag, Optional<Digest> digest) {
    /// Longest `host/repository`, as in Docker's grammar.
    public static final int MAX_NAME_LENGTH = 255;

    private static final String DOCKER_HUB = "docker.io";
    private static final Pattern COMPONENT = Pattern.compile("[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*");
    private static final Pattern TAG = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9._-]{0,127}");
    private static final Pattern HOST_NAME = Pattern.compile(
            "(?:[A-Za-z0-9]|[A-Za-z0-9][A-Za-z0-9-]*[A-Za-z0-9])(?:\\.(?:[A-Za-z0-9]|[A-Za-z0-9][A-Za-z0-9-]*[A-Za-z0-9]))*");
    private static final Pattern IPV6 = Pattern.compile("\\[[0-9A-Fa-f:.]{2,45}]");

    /// Checks every part, so that a reference that exists is well formed.
    public ImageReference {
        Optional<String> fault = fault(host, repository, tag);
        if (fault.isPresent()) {
            throw new IllegalArgumentException(
                    "invalid image reference \"" + host + "/" + repository + "\": " + fault.get());
        }
        if (tag.isEmpty() && digest.isEmpty()) {
            throw new IllegalArgumentException(
                    "invalid image reference \"" + host + "/" + repository + "\": neither tag nor digest");
        }
    }

    /// Parses what a user wrote.
    ///
    /// @throws IllegalArgumentException when it is malformed; the message names the reference and what is wrong
    ///     with it
    public static ImageReference parse(String text) {
        if (text.isEmpty()) {
            throw new IllegalArgumentException("invalid image reference \"\": it is empty");
        }
        if (text.length() > MAX_NAME_LENGTH + 128 + 256) {
            throw new IllegalArgumentException(
                    "invalid image reference \"" + text.substring(0, 64) + "...\": it is too long");
        }
        String rest = text;
        Optional<Digest> digest = Optional.empty();
        int at = rest.indexOf('@');
        if (at >= 0) {
            digest = Optional.of(digest(text, rest.substring(at + 1)));
            rest = rest.substring(0, at);
        }
        Optional<String> tag = Optional.empty();
        int colon = rest.lastIndexOf(':');
        if (colon > rest.lastIndexOf('/')) {
            tag = Optional.of(rest.substring(colon + 1));
            rest = rest.substring(0, colon);
        }
        if (tag.isEmpty() && digest.isEmpty()) {
            tag = Optional.of("latest");
        }
        int slash = rest.indexOf('/');
        boolean named = slash > 0 && isHost(rest.substring(0, slash));
        String host = named ? rest.substring(0, slash) : DOCKER_HUB;
        String repository = named ? rest.substring(slash + 1) : rest;
        if (host.equals("index.docker.io")) {
            host = DOCKER_HUB;
        }
        if (host.equals(DOCKER_HUB) && repository.indexOf('/') < 0) {
            repository = "library/" + repository;
        }
        Optional<String> fault = fault(host, repository, tag);
        if (fault.isPresent()) {
            throw new IllegalArgumentException("invalid image reference \"" + text + "\": " + fault.get());
        }
        return new ImageReference(host, repository, tag, digest);
    }

    /// Docker's rule for the first path component: it is a host when it could not be a repository.
    private static boolean isHost(String first) {
        return first.indexOf('.') >= 0
                || first.indexOf(':') >= 0
                || first.equals("localhost")
                || !first.toLowerCase(Locale.ROOT).equals(first);
    }

    private static Digest digest(String text, String value) {
        try {
            return Digest.parse(value);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    "invalid image reference \"" + text + "\": bad digest: " + e.getMessage(), e);
        }
    }

    private static Optional<String> fault(String host, String repository, Optional<String> tag) {
        if (!isValidHost(host)) {
            return Optional.of("\"" + host + "\" is not a registry host");
        }
        if (repository.isEmpty()) {
            return Optional.of("the repository name is empty");
        }
        if (!repository.toLowerCase(Locale.ROOT).equals(repository)) {
            return Optional.of("the repository name must be lower case");
        }
        for (String component : repository.split("/", -1)) {
            if (!COMPONENT.matcher(component).matches()) {
                return Optional.of("\"" + component + "\" is not a repository name component"
                        + " (lower-case letters and digits, separated by ., _, __ or dashes)");
            }
        }
        if (host.length() + 1 + repository.length() > MAX_NAME_LENGTH) {
            return Optional.of("the name is longer than " + MAX_NAME_LENGTH + " characters");
        }
        if (tag.isPresent() && !TAG.matcher(tag.get()).matches()) {
            return Optional.of("\"" + tag.get() + "\" is not a tag"
                    + " (at most 128 letters, digits, underscores, dots and dashes)");
        }
        return Optional.empty();
    }

    private static boolean isValidHost(String host) {
        String name = host;
        int bracket = host.lastIndexOf(']');
        int colon = host.lastIndexOf(':');
        if (colon > bracket) {
            if (!isPort(host.substring(colon + 1))) {
                return false;
            }
            name = host.substring(0, colon);
        }
        return bracket >= 0
                ? IPV6.matcher(name).matches()
                : HOST_NAME.matcher(name).matches();
    }

    private static boolean isPort(String text) {
        if (text.isEmpty() || text.length() > 5 || !text.chars().allMatch(c -> c >= '0' && c <= '9')) {
            return false;
        }
        int port = Integer.parseInt(text);
        return port > 0 && port <= 65535;
    }

    /// The canonical name, `host/repository[:tag][@digest]`; parsing it gives an equal reference.
    public String name() {
        return host + "/" + repository + tag.map(t -> ":" + t).orElse("")
                + digest.map(d -> "@" + d).orElse("");
    }

    /// What stands last in a manifest's URL: the digest, else the tag.
    public String object() {
        return digest.map(Digest::toString).or(() -> tag).orElseThrow();
    }

    /// The same repository at a digest, without the tag.
    public ImageReference at(Digest newDigest) {
        return new ImageReference(host, repository, Optional.empty(), Optional.of(newDigest));
    }

    /// The canonical name.
    @Override
    public String toString() {
        return name();
    }
}
