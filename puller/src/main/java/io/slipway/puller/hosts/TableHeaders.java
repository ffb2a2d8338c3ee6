package io.slipway.puller.hosts;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.SequencedSet;

/// Finds the `[host."..."]` table headers of a TOML document in order of appearance.
///
/// The order decides which mirror is asked first, and only real headers count: hosts written as inline tables or dotted
/// keys are ignored (containerd 2.x reads it so). A parsed tree no longer knows the difference, so the text is scanned;
/// it must already have been parsed without error.
final class TableHeaders {
    private final String text;
    private int at;

    private TableHeaders(String text) {
        this.text = text;
    }

    /// The keys after `host`, first appearance first.
    static SequencedSet<String> hosts(String validToml) {
        return new TableHeaders(validToml).scan();
    }

    private SequencedSet<String> scan() {
        SequencedSet<String> hosts = new LinkedHashSet<>();
        while (at < text.length()) {
            char c = text.charAt(at);
            if (c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\uFEFF') {
                at++;
            } else if (c == '#') {
                skipLine();
            } else if (c == '[') {
                header().ifPresent(hosts::add);
            } else {
                skipStatement();
            }
        }
        return hosts;
    }

    private Optional<String> header() {
        at++;
        boolean arrayOfTables = peek() == '[';
        if (arrayOfTables) {
            at++;
        }
        List<String> key = new ArrayList<>();
        while (at < text.length() && text.charAt(at) != ']') {
            char c = text.charAt(at);
            if (c == '.' || c == ' ' || c == '\t') {
                at++;
            } else if (c == '"' || c == '\'') {
                key.add(quoted());
            } else {
                int start = at;
                while (at < text.length() && ".] \t".indexOf(text.charAt(at)) < 0) {
                    at++;
                }
                key.add(text.substring(start, at));
            }
        }
        skipLine();
        return key.size() >= 2 && key.getFirst().equals("host") && !arrayOfTables
                ? Optional.of(key.get(1))
                : Optional.empty();
    }

    /// A key or value is over at the end of its line, except within strings, arrays and inline tables.
    private void skipStatement() {
        int depth = 0;
        while (at < text.length()) {
            char c = text.charAt(at);
            switch (c) {
                case '"', '\'' -> {
                    quoted();
                    continue;
                }
                case '#' -> {
                    skipLine();
                    if (depth == 0) {
                        return;
                    }
                    continue;
                }
                case '[', '{' -> depth++;
                case ']', '}' -> depth--;
                case '\n' -> {
                    if (depth <= 0) {
                        at++;
                        return;
                    }
                }
                default -> {}
            }
            at++;
        }
    }

    private String quoted() {
        char quote = text.charAt(at);
        String triple = String.valueOf(quote).repeat(3);
        if (text.startsWith(triple, at)) {
            at += 3;
            StringBuilder value = new StringBuilder();
            while (at < text.length() && !text.startsWith(triple, at)) {
                value.append(character(quote));
            }
            at = Math.min(text.length(), at + 3);
            // Up to two quotes may stand directly before the closing three.
            while (at < text.length() && text.charAt(at) == quote) {
                at++;
            }
            return value.toString();
        }
        at++;
        StringBuilder value = new StringBuilder();
        while (at < text.length() && text.charAt(at) != quote) {
            value.append(character(quote));
        }
        at = Math.min(text.length(), at + 1);
        return value.toString();
    }

    private String character(char quote) {
        char c = text.charAt(at++);
        if (c != '\\' || quote == '\'' || at >= text.length()) {
            return String.valueOf(c);
        }
        char escape = text.charAt(at++);
        return switch (escape) {
            case 'n' -> "\n";
            case 't' -> "\t";
            case 'r' -> "\r";
            case 'b' -> "\b";
            case 'f' -> "\f";
            case 'u' -> codePoint(4);
            case 'U' -> codePoint(8);
            default -> String.valueOf(escape);
        };
    }

    private String codePoint(int digits) {
        int end = Math.min(text.length(), at + digits);
        String hex = text.substring(at, end);
        at = end;
        return Character.toString(Integer.parseInt(hex, 16));
    }

    private int peek() {
        return at < text.length() ? text.charAt(at) : -1;
    }

    private void skipLine() {
        int end = text.indexOf('\n', at);
        at = end < 0 ? text.length() : end + 1;
    }
}
