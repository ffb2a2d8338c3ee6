package io.slipway.cas.filter;

import io.slipway.cas.ApiException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/// Reads containerd's filter grammar (containerd-semantics 4):
///
///     filter   := selector ("," selector)*
///     selector := path [op value]          op: == != ~=
///     path     := part ("." part)*         part: [A-Za-z0-9_]+ or quoted
///     value    := unquoted run or quoted
///
/// White space before a token is skipped; white space before a comma is an error.
final class FilterParser {

    /// Longest filter: the patterns in it are run against hostile names, so both sides stay small.
    private static final int MAX_LENGTH = 16 << 10;

    private static final int MAX_SELECTORS = 256;

    private final String text;
    private int at;

    private FilterParser(String text) {
        this.text = text;
    }

    static Filter anyOf(List<String> filters) {
        var parsed = new ArrayList<Filter>();
        boolean everything = filters.isEmpty();
        for (var filter : filters) {
            if (filter.length() > MAX_LENGTH) {
                throw ApiException.invalid("filters: longer than " + MAX_LENGTH + " characters");
            }
            if (filter.isBlank()) {
                everything = true;
            } else {
                parsed.add(new FilterParser(filter).filter());
            }
        }
        if (everything) {
            return Filter.ALL;
        }
        var all = List.copyOf(parsed);
        return fields -> all.stream().anyMatch(filter -> filter.matches(fields));
    }

    private Filter filter() {
        var selectors = new ArrayList<Filter>();
        while (true) {
            selectors.add(selector());
            if (selectors.size() > MAX_SELECTORS) {
                throw fail("more than " + MAX_SELECTORS + " selectors");
            }
            if (at == text.length()) {
                break;
            }
            if (text.charAt(at) != ',') {
                throw fail("expected separator or end of input");
            }
            at++;
        }
        var all = List.copyOf(selectors);
        return fields -> all.stream().allMatch(selector -> selector.matches(fields));
    }

    private Filter selector() {
        skipSpace();
        var path = path();
        int before = at;
        skipSpace();
        var operator = operator();
        if (operator.isEmpty()) {
            at = before;
            return fields -> fields.field(path).isPresent();
        }
        skipSpace();
        return switch (operator.get()) {
            case "==" -> compare(path, value(false), true);
            case "!=" -> compare(path, value(false), false);
            default -> {
                var matching = pattern(value(true));
                yield fields -> fields.field(path).filter(matching).isPresent();
            }
        };
    }

    private static Filter compare(List<String> path, String value, boolean equal) {
        return equal
                ? fields -> fields.field(path).filter(value::equals).isPresent()
                : fields -> fields.field(path).filter(value::equals).isEmpty();
    }

    private Optional<String> operator() {
        for (var operator : List.of("==", "!=", "~=")) {
            if (text.startsWith(operator, at)) {
                at += operator.length();
                return Optional.of(operator);
            }
        }
        return Optional.empty();
    }

    private List<String> path() {
        var parts = new ArrayList<String>();
        parts.add(part());
        while (at < text.length() && text.charAt(at) == '.') {
            at++;
            parts.add(part());
        }
        return List.copyOf(parts);
    }

    private String part() {
        if (at < text.length() && text.charAt(at) == '"') {
            return quoted();
        }
        int from = at;
        while (at < text.length() && isPartCharacter(text.charAt(at))) {
            at++;
        }
        if (at == from) {
            throw fail("expected field name");
        }
        return text.substring(from, at);
    }

    private static boolean isPartCharacter(char c) {
        return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    }

    private String value(boolean regex) {
        if (at < text.length()) {
            char first = text.charAt(at);
            if (first == '"') {
                return quoted();
            }
            if (regex && (first == '/' || first == '|')) {
                return delimited(first);
            }
        }
        int from = at;
        while (at < text.length() && text.charAt(at) != ',' && !Character.isWhitespace(text.charAt(at))) {
            if (text.charAt(at) == '"') {
                throw fail("unexpected quote in value");
            }
            at++;
        }
        if (at == from) {
            throw fail("expected value or quoted");
        }
        return text.substring(from, at);
    }

    /// `/.../` or `|...|`: everything up to the same character; a backslash takes the delimiter's meaning away.
    private String delimited(char delimiter) {
        var value = new StringBuilder();
        int start = at++;
        while (at < text.length()) {
            char c = text.charAt(at++);
            if (c == delimiter) {
                return value.toString();
            }
            if (c == '\\' && at < text.length() && text.charAt(at) == delimiter) {
                c = text.charAt(at++);
            }
            value.append(c);
        }
        at = start;
        throw fail("unclosed quote");
    }

    private String quoted() {
        int start = at++;
        int from = at;
        while (at < text.length() && text.charAt(at) != '"') {
            at += text.charAt(at) == '\\' ? 2 : 1;
        }
        if (at >= text.length()) {
            at = start;
            throw fail("unclosed quote");
        }
        var body = text.substring(from, at++);
        try {
            return GoQuote.unescape(body);
        } catch (IllegalArgumentException bad) {
            at = start;
            throw fail(String.valueOf(bad.getMessage()));
        }
    }

    private Predicate<String> pattern(String expression) {
        try {
            var pattern = Pattern.compile(expression);
            return value -> BoundedMatch.find(pattern, value);
        } catch (PatternSyntaxException bad) {
            throw fail("bad regular expression: " + bad.getDescription());
        }
    }

    private void skipSpace() {
        while (at < text.length() && Character.isWhitespace(text.charAt(at))) {
            at++;
        }
    }

    private ApiException fail(String what) {
        int position = Math.min(at, text.length());
        return ApiException.invalid("filters: parse error: [" + text.substring(0, position) + " >|"
                + text.substring(position) + "|< ]: " + what);
    }
}
