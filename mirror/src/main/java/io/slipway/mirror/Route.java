package io.slipway.mirror;

import java.util.List;
import java.util.Optional;

/// Whose repository a name means. First match decides: the `ns` parameter, a first component that looks like a
/// host, the local registry, the default upstream.
sealed interface Route {

    /// A repository of a registry elsewhere.
    ///
    /// @param host registry host as image names spell it, lower case, with port where one is written
    /// @param repository name there
    /// @param namespace true when `ns` named the host, so that the answer confirms it by `OCI-Namespace`
    record Upstream(String host, String repository, boolean namespace) implements Route {}

    /// A repository of the registry of our own.
    record Local(String repository) implements Route {}

    /// No host is named, and none is configured for that.
    record Nowhere() implements Route {}

    /// Not a repository name or not a host.
    record Malformed(String what) implements Route {}

    /// Decides for one request.
    ///
    /// @param name repository part of the path
    /// @param ns values of the query parameter `ns`, empty ones left out
    static Route of(String name, List<String> ns, MirrorOptions options) {
        if (!ns.isEmpty()) {
            if (ns.stream().distinct().count() > 1) {
                return new Malformed("ns is given more than once");
            }
            return upstream(ns.getFirst(), name, true);
        }
        int slash = name.indexOf('/');
        if (slash > 0 && looksLikeHost(name.substring(0, slash))) {
            return upstream(name.substring(0, slash), name.substring(slash + 1), false);
        }
        if (!Names.isRepository(name)) {
            return new Malformed("not a repository name");
        }
        if (options.local()) {
            return new Local(name);
        }
        return options.defaultUpstream().map(h -> upstream(h, name, false)).orElseGet(Nowhere::new);
    }

    private static boolean looksLikeHost(String component) {
        return component.indexOf('.') >= 0 || component.indexOf(':') >= 0 || component.equals("localhost");
    }

    private static Route upstream(String host, String repository, boolean namespace) {
        Optional<String> known = Names.host(host);
        if (known.isEmpty()) {
            return new Malformed("not a registry host");
        }
        String full = canonical(known.get(), repository);
        if (!Names.isRepository(full) || known.get().length() + 1 + full.length() > Names.MAX_NAME) {
            return new Malformed("not a repository name");
        }
        return new Upstream(known.get(), full, namespace);
    }

    /// Docker Hub has no repositories of one component: `docker.io/alpine` is `docker.io/library/alpine` in every
    /// image reference. Clients that know Docker's rule spell it out; people who type a path prefix or use a
    /// default upstream don't.
    private static String canonical(String host, String repository) {
        return host.equals("docker.io") && repository.indexOf('/') < 0 ? "library/" + repository : repository;
    }
}
