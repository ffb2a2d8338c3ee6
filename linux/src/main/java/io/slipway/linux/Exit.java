package io.slipway.linux;

/// How a process ended.
public sealed interface Exit {
    /// It ended itself; 0 to 255.
    record Exited(int code) implements Exit {}

    /// A signal ended it.
    record Signalled(int signal) implements Exit {}

    /// As a shell reports it: the code, or 128 + signal.
    default int status() {
        return switch (this) {
            case Exited(int code) -> code;
            case Signalled(int signal) -> 128 + signal;
        };
    }

    default boolean success() {
        return this instanceof Exited(int code) && code == 0;
    }
}
