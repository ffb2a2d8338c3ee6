package io.slipway.mirror;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;

/// An error of the distribution API: the code clients switch on, and the sentence people read.
///
/// @param status HTTP status
/// @param code one of the spec's codes or of Docker's extras
/// @param message what happened and what to do; no secrets
record OciError(int status, Code code, String message) {

    /// Codes of OCI distribution 1.1 and Docker's extras (`UNKNOWN`, `UNAVAILABLE`) that this server sends.
    enum Code {
        BLOB_UNKNOWN,
        BLOB_UPLOAD_UNKNOWN,
        DIGEST_INVALID,
        MANIFEST_UNKNOWN,
        NAME_INVALID,
        NAME_UNKNOWN,
        DENIED,
        UNSUPPORTED,
        TOOMANYREQUESTS,
        UNAVAILABLE,
        UNKNOWN
    }

    /// Longest message sent, in characters: upstream text may be part of it.
    private static final int MAX_MESSAGE = 1024;

    OciError {
        if (status < 400 || status > 599) {
            throw new IllegalArgumentException("not an error status: " + status);
        }
        if (message.length() > MAX_MESSAGE) {
            message = message.substring(0, MAX_MESSAGE);
        }
    }

    /// The JSON body: one element of `errors`.
    JsonObject body() {
        var error = new JsonObject().put("code", code.name()).put("message", message);
        return new JsonObject().put("errors", new JsonArray().add(error));
    }
}
