package io.slipway.puller;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/// What to pull, for whom, and what to do with it.
///
/// @param namespace the containerd namespace that receives image and content
/// @param reference what to fetch
/// @param imageName under which name the image record is kept; usually `reference.name()`
/// @param imageLabels labels of the image record
/// @param platforms which platforms of an index to fetch; empty means this machine's
/// @param unpacks into which snapshotters to unpack; empty means store only
/// @param lease lease that collects what is made; empty lets the pull make its own for its duration
/// @param access whose credentials; the policy is normally [AddressPolicy#ANY]
/// @param route where to ask and how
public record PullRequest(
        String namespace,
        ImageReference reference,
        String imageName,
        Map<String, String> imageLabels,
        List<Platform> platforms,
        List<UnpackTarget> unpacks,
        Optional<String> lease,
        Access access,
        Route route) {
    /// Copies the collections.
    public PullRequest {
        imageLabels = Map.copyOf(imageLabels);
        platforms = List.copyOf(platforms);
        unpacks = List.copyOf(unpacks);
    }

    /// The usual pull: this machine's platform, unpacked into the default snapshotter.
    public static PullRequest of(String namespace, ImageReference reference) {
        return new PullRequest(
                namespace,
                reference,
                reference.name(),
                Map.of(),
                List.of(),
                List.of(new UnpackTarget(Platform.host(), "")),
                Optional.empty(),
                Access.anonymous(),
                Route.CONFIGURED);
    }

    /// The same with these credentials.
    public PullRequest with(Access newAccess) {
        return new PullRequest(
                namespace, reference, imageName, imageLabels, platforms, unpacks, lease, newAccess, route);
    }

    /// One platform of the image unpacked into one snapshotter; an empty name means the default one.
    public record UnpackTarget(Platform platform, String snapshotter) {}

    /// How the hosts are found and addressed.
    ///
    /// @param hostsDirectory directory (or `:`-separated directories) searched instead of the configured ones
    /// @param defaultScheme `http` or `https` for hosts without a hosts.toml; empty applies the plain-HTTP
    ///     rule
    /// @param headers added to every request to the registry's own hosts
    public record Route(
            Optional<String> hostsDirectory, Optional<String> defaultScheme, Map<String, List<String>> headers) {
        /// As configured.
        public static final Route CONFIGURED = new Route(Optional.empty(), Optional.empty(), Map.of());

        /// Checks the scheme and copies the headers.
        public Route {
            if (defaultScheme.isPresent()
                    && !defaultScheme.get().equals("http")
                    && !defaultScheme.get().equals("https")) {
                throw new IllegalArgumentException("default scheme must be http or https: " + defaultScheme.get());
            }
            headers = Map.copyOf(headers);
        }

        /// Who is answerable for bytes fetched this way from this registry
        /// ([io.slipway.cas.ArrivalRequest#origin]): what came over plain HTTP, or by other hosts than the
        /// configured ones, is not mixed with what did not.
        public String origin(String registry) {
            StringBuilder origin = new StringBuilder(registry);
            defaultScheme.ifPresent(scheme -> origin.append(" over ").append(scheme));
            hostsDirectory.ifPresent(directory -> origin.append(" by ").append(directory));
            return origin.toString();
        }

        /// `--plain-http`.
        public static Route plainHttp() {
            return new Route(Optional.empty(), Optional.of("http"), Map.of());
        }
    }
}
