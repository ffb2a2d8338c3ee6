package io.slipway.puller.registry;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/// One challenge of a `WWW-Authenticate` header (RFC 9110 11.6.1).
///
/// @param scheme lower case, `bearer` or `basic` where it is of use
/// @param parameters names in lower case
record Challenge(String scheme, Map<String, String> parameters) {
    /// Longer headers, or more challenges, are not read further.
    private static final int HEADER_CHARS_MAX = 8 * 1024;

    private static final int CHALLENGES_MAX = 8;
    private static final int PARAMETERS_MAX = 16;

    Challenge {
        parameters = Map.copyOf(parameters);
    }

    Optional<String> parameter(String name) {
        return Optional.ofNullable(parameters.get(name)).filter(value -> !value.isEmpty());
    }

    /// Reads all challenges of all header values. What does not parse is left out, never an error.
    static List<Challenge> parse(List<String> headers) {
        List<Challenge> challenges = new ArrayList<>();
        for (String header : headers) {
            if (header.length() <= HEADER_CHARS_MAX) {
                new Parser(header).into(challenges);
            }
        }
        return challenges.size() > CHALLENGES_MAX ? challenges.subList(0, CHALLENGES_MAX) : challenges;
    }

    /// Reads `scheme name=value, name="value", scheme2 ...`: a token without `=` behind it begins a challenge.
    private static final class Parser {
        private final String text;
        private int at;

        Parser(String text) {
            this.text = text;
        }

        void into(List<Challenge> challenges) {
            String scheme = "";
            Map<String, String> parameters = new LinkedHashMap<>();
            while (at < text.length()) {
                skip(" \t,");
                String token = token();
                if (token.isEmpty()) {
                    at++;
                    continue;
                }
                skip(" \t");
                if (at < text.length() && text.charAt(at) == '=') {
                    at++;
                    skip(" \t");
                    String value = at < text.length() && text.charAt(at) == '"' ? quoted() : token();
                    if (parameters.size() < PARAMETERS_MAX) {
                        parameters.putIfAbsent(token.toLowerCase(Locale.ROOT), value);
                    }
                } else {
                    add(challenges, scheme, parameters);
                    scheme = token.toLowerCase(Locale.ROOT);
                    parameters = new LinkedHashMap<>();
                }
            }
            add(challenges, scheme, parameters);
        }

        private static void add(List<Challenge> challenges, String scheme, Map<String, String> parameters) {
            if (!scheme.isEmpty()) {
                challenges.add(new Challenge(scheme, parameters));
            }
        }

        private void skip(String characters) {
            while (at < text.length() && characters.indexOf(text.charAt(at)) >= 0) {
                at++;
            }
        }

        private String token() {
            int start = at;
            while (at < text.length() && " \t,=\"".indexOf(text.charAt(at)) < 0) {
                at++;
            }
            return text.substring(start, at);
        }

        private String quoted() {
            StringBuilder value = new StringBuilder();
            at++;
            while (at < text.length() && text.charAt(at) != '"') {
                if (text.charAt(at) == '\\' && at + 1 < text.length()) {
                    at++;
                }
                value.append(text.charAt(at++));
            }
            at++;
            return value.toString();
        }
    }
}
