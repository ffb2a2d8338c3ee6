package io.slipway.cas;

import java.util.regex.Pattern;

/// The rule for names of namespaces, containers, tasks, execs and the parts of event topics, with
/// containerd's texts.
public final class Identifier {
    /// Longest identifier in characters.
    public static final int LENGTH_MAX = 76;

    private static final String GRAMMAR = "^[A-Za-z0-9]+(?:[._-](?:[A-Za-z0-9]+))*$";
    private static final Pattern PATTERN = Pattern.compile(GRAMMAR);

    private Identifier() {}

    /// Returns `value` when it is an identifier.
    ///
    /// @throws ApiException INVALID_ARGUMENT when it is not
    public static String check(String value) {
        if (value.isEmpty()) {
            throw invalid("identifier must not be empty");
        }
        if (value.length() > LENGTH_MAX) {
            throw invalid("identifier \"" + value + "\" greater than maximum length (" + LENGTH_MAX + " characters)");
        }
        if (!PATTERN.matcher(value).matches()) {
            throw invalid("identifier \"" + value + "\" must match " + GRAMMAR);
        }
        return value;
    }

    private static ApiException invalid(String message) {
        return new ApiException(ApiException.Code.INVALID_ARGUMENT, message + ": invalid argument");
    }
}
