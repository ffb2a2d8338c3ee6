package io.slipway.puller.image;

import java.util.Set;

/// The media types this program acts on (OCI image-spec media-types.md, Docker image manifest v2 schema 2).
public final class MediaTypes {
    /// OCI image manifest.
    public static final String OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json";
    /// OCI image index.
    public static final String OCI_INDEX = "application/vnd.oci.image.index.v1+json";
    /// Docker's manifest.
    public static final String DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json";
    /// Docker's index.
    public static final String DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json";

    private static final Set<String> SCHEMA_1 = Set.of(
            "application/vnd.docker.distribution.manifest.v1+json",
            "application/vnd.docker.distribution.manifest.v1+prettyjws");
    private static final Set<String> CONFIGS =
            Set.of("application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json");

    private MediaTypes() {}

    /// A manifest of one image.
    public static boolean isManifest(String type) {
        return type.equals(OCI_MANIFEST) || type.equals(DOCKER_MANIFEST);
    }

    /// A list of manifests.
    public static boolean isIndex(String type) {
        return type.equals(OCI_INDEX) || type.equals(DOCKER_LIST);
    }

    static boolean isSchema1(String type) {
        return SCHEMA_1.contains(type);
    }

    /// The config of something that can be run; anything else is an artifact.
    public static boolean isImageConfig(String type) {
        return CONFIGS.contains(type);
    }

    /// A layer that its manifest says may not be passed on, so that whoever has the image may not have it.
    public static boolean isForeign(String type) {
        return type.contains(".nondistributable.") || type.contains(".foreign.");
    }

    /// The type without parameters.
    static String bare(String contentType) {
        int semicolon = contentType.indexOf(';');
        return (semicolon < 0 ? contentType : contentType.substring(0, semicolon)).trim();
    }
}
