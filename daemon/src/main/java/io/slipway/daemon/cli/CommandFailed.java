package io.slipway.daemon.cli;

/// A command that could not do what it was asked, in the words of the one line it prints:
/// `slipway: <command> <object>: <what happened>; <what to do>`.
final class CommandFailed extends Exception {
    private static final long serialVersionUID = 1L;

    private final int exitCode;
    private final String object;
    private final String todo;

    CommandFailed(int exitCode, String object, String what, String todo) {
        super(what);
        this.exitCode = exitCode;
        this.object = object;
        this.todo = todo;
    }

    CommandFailed(ExitCode exitCode, String object, String what, String todo) {
        this(exitCode.number(), object, what, todo);
    }

    int exitCode() {
        return exitCode;
    }

    CommandFailed withExitCode(int other) {
        CommandFailed copy = new CommandFailed(other, object, what(), todo);
        copy.initCause(this);
        return copy;
    }

    String what() {
        String message = getMessage();
        return message == null ? "failed" : message;
    }

    /// The line for standard error, without line break: control characters of what came from elsewhere are replaced, so
    /// that it stays one line and moves no cursor.
    String line(String command) {
        StringBuilder line = new StringBuilder("slipway: ").append(command);
        if (!object.isEmpty()) {
            line.append(' ').append(object);
        }
        line.append(": ").append(what());
        if (!todo.isEmpty()) {
            line.append("; ").append(todo);
        }
        return Text.oneLine(line.toString());
    }
}
