package io.slipway.mirror;

import java.util.List;
import java.util.Optional;

/// The path grammar of the distribution API (OCI distribution 1.1, "Endpoints").
///
/// A repository name may itself contain `blobs`, `manifests`, `tags` or `uploads`, so the *last* such component
/// decides. Components are compared after percent-decoding (`%3A` is `:`), but an encoded slash, an empty
/// component, `.` and `..` make the whole path unknown: no two spellings may lead to different repositories on the
/// way through proxies.
final class RegistryPath {

    /// Longest path looked at. 255 for host and name, 128 for a tag, 135 for a sha512 digest, and every byte
    /// encoded.
    static final int MAX_LENGTH = 2048;

    private RegistryPath() {}

    /// Reads a raw path (no query). Never throws.
    static Target parse(String raw) {
        if (raw.length() > MAX_LENGTH) {
            return new Target.Unknown();
        }
        if (raw.equals("/v2/") || raw.equals("/v2")) {
            return new Target.Base();
        }
        if (!raw.startsWith("/v2/")) {
            return new Target.Unknown();
        }
        Optional<String> decoded = decode(raw.substring("/v2/".length()));
        if (decoded.isEmpty()) {
            return new Target.Unknown();
        }
        String path = decoded.get();
        if (path.equals("_catalog")) {
            return new Target.Catalog();
        }
        boolean newUpload = path.endsWith("/blobs/uploads/");
        List<String> parts = List.of((newUpload ? path.substring(0, path.length() - 1) : path).split("/", -1));
        if (parts.stream().anyMatch(p -> p.isEmpty() || p.equals(".") || p.equals(".."))) {
            return new Target.Unknown();
        }
        return classify(parts);
    }

    private static Target classify(List<String> parts) {
        int n = parts.size();
        if (n < 3) {
            return new Target.Unknown();
        }
        String last = parts.get(n - 1);
        String name = name(parts, n - 2);
        return switch (parts.get(n - 2)) {
            case "manifests" -> new Target.Manifest(name, last);
            case "referrers" -> new Target.Referrers(name, last);
            case "tags" -> last.equals("list") ? new Target.Tags(name) : new Target.Unknown();
            case "blobs" -> last.equals("uploads") ? new Target.Upload(name, "") : new Target.Blob(name, last);
            case "uploads" ->
                n > 3 && parts.get(n - 3).equals("blobs")
                        ? new Target.Upload(name(parts, n - 3), last)
                        : new Target.Unknown();
            default -> new Target.Unknown();
        };
    }

    private static String name(List<String> parts, int end) {
        return String.join("/", parts.subList(0, end));
    }

    /// Percent-decodes printable ASCII. Empty for anything that no name, tag, digest or upload id can contain.
    private static Optional<String> decode(String s) {
        var out = new StringBuilder(s.length());
        for (int i = 0; i < s.length(); i++) {
            char c = s.charAt(i);
            if (c == '%') {
                if (i + 2 >= s.length()) {
                    return Optional.empty();
                }
                int high = Character.digit(s.charAt(i + 1), 16);
                int low = Character.digit(s.charAt(i + 2), 16);
                if (high < 0 || low < 0) {
                    return Optional.empty();
                }
                c = (char) (high * 16 + low);
                if (c == '/' || c == '%') {
                    return Optional.empty();
                }
                i += 2;
            }
            if (c <= ' ' || c > '~' || c == '\\') {
                return Optional.empty();
            }
            out.append(c);
        }
        return Optional.of(out.toString());
    }
}
