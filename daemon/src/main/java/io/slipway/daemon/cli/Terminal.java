package io.slipway.daemon.cli;

import java.io.InputStream;
import java.io.PrintStream;
import java.util.Map;
import java.util.Optional;

/// Where a command runs: its streams, its environment and, if there is one, the person at the keyboard.
///
/// @param in standard input
/// @param out results, nothing else
/// @param err progress, hints and the line of a failure
/// @param errIsTerminal whether `err` shows on a screen that understands cursor movement
/// @param environment the variables of this process
/// @param keyboard asks for a secret without echo; absent without a terminal
record Terminal(
        InputStream in,
        PrintStream out,
        PrintStream err,
        boolean errIsTerminal,
        Map<String, String> environment,
        Optional<Keyboard> keyboard) {

    private static final int COLUMNS_DEFAULT = 80;

    Terminal {
        environment = Map.copyOf(environment);
    }

    /// Asks a question and reads the answer without showing it.
    interface Keyboard {
        Optional<String> secret(String question);
    }

    /// Width of the screen in columns.
    int columns() {
        try {
            int columns = Integer.parseInt(environment.getOrDefault("COLUMNS", ""));
            return Math.clamp(columns, 40, 500);
        } catch (NumberFormatException _) {
            return COLUMNS_DEFAULT;
        }
    }
}
