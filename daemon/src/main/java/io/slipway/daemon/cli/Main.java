package io.slipway.daemon.cli;

import java.io.BufferedOutputStream;
import java.io.Console;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Optional;

/// Entry of the `slipway` program.
public final class Main {
    private Main() {}

    /// Runs one command and ends the process with its exit code.
    public static void main(String[] arguments) throws IOException {
        if (Boolean.getBoolean("slipway.train")) {
            Training.run(List.of(arguments));
            return;
        }
        Terminal terminal = new Terminal(
                new FileInputStream(FileDescriptor.in),
                new PrintStream(
                        new BufferedOutputStream(new FileOutputStream(FileDescriptor.out)),
                        false,
                        StandardCharsets.UTF_8),
                new PrintStream(new FileOutputStream(FileDescriptor.err), true, StandardCharsets.UTF_8),
                isTerminal("/proc/self/fd/2", System.getenv().getOrDefault("TERM", "")),
                System.getenv(),
                keyboard());
        int code = new Slipway(terminal, new JvmSignals(), Clock.systemUTC()).run(List.of(arguments));
        terminal.out().flush();
        // Vert.x and standard input may still have threads; halt, because everything that was made is taken back by now
        // and there are no shutdown hooks of ours.
        Runtime.getRuntime().halt(code);
    }

    /// By the name of what the descriptor is open on: the JDK has no isatty(3) for standard error.
    private static boolean isTerminal(String descriptor, String term) {
        if (term.isEmpty() || term.equals("dumb")) {
            return false;
        }
        try {
            String device = Files.readSymbolicLink(Path.of(descriptor)).toString();
            return device.startsWith("/dev/pts/") || device.startsWith("/dev/tty") || device.equals("/dev/console");
        } catch (IOException _) {
            return false;
        }
    }

    private static Optional<Terminal.Keyboard> keyboard() {
        return Optional.of(Main::askWithoutEcho);
    }

    // null without a terminal: so again since JDK 25, whose console is that of java.base.
    @SuppressWarnings("SystemConsoleNull")
    private static Optional<String> askWithoutEcho(String question) {
        Console console = System.console();
        if (console == null || !console.isTerminal()) {
            return Optional.empty();
        }
        char[] answer = console.readPassword("%s", question);
        return answer == null ? Optional.empty() : Optional.of(new String(answer));
    }
}
