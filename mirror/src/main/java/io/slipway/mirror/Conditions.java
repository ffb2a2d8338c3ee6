package io.slipway.mirror;

/// What a request says about the form of its answer.
///
/// @param head true for HEAD: headers as for GET, no body
/// @param range value of `Range`, empty if absent
/// @param ifRange value of `If-Range`, empty if absent
/// @param ifNoneMatch value of `If-None-Match`, empty if absent
/// @param namespace upstream that `ns` named, to be confirmed; empty if none
record Conditions(boolean head, String range, String ifRange, String ifNoneMatch, String namespace) {

    /// True when the client has the entity already (RFC 9110, 13.1.2: weak comparison).
    boolean has(String etag) {
        if (ifNoneMatch.isEmpty()) {
            return false;
        }
        for (String tag : ifNoneMatch.split(",", -1)) {
            String plain = tag.strip();
            if (plain.equals("*") || plain.equals(etag) || plain.equals("W/" + etag)) {
                return true;
            }
        }
        return false;
    }
}
