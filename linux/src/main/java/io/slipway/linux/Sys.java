package io.slipway.linux;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.invoke.MethodHandle;

/// System calls by number, through libc's `syscall(2)`.
///
/// One handle of one shape serves them all: linking a handle per function costs about a millisecond each at start-up,
/// and no C library's age decides which calls exist. Arguments are what the kernel sees: numbers and addresses.
/// Whoever passes an address keeps its memory reachable until the call returns.
final class Sys {
    private static final MethodHandle SYSCALL = Native.libc(
            "syscall",
            FunctionDescriptor.of(
                    JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG),
            // long syscall(long number, ...)
            Linker.Option.firstVariadicArg(1),
            Linker.Option.captureCallState("errno"));

    static {
        if (ADDRESS.byteSize() != Long.BYTES) {
            throw new UnsatisfiedLinkError("not a 64-bit machine");
        }
    }

    private Sys() {}

    /// @return what the kernel returned, or -1 with the reason in [Scratch#errno]
    static long call(Scratch s, long number, long a, long b, long c, long d, long e, long f) {
        try {
            return (long) SYSCALL.invokeExact(s.capture, number, a, b, c, d, e, f);
        } catch (Throwable t) {
            throw Native.bug(t);
        }
    }

    static long call(Scratch s, long number, long a, long b, long c, long d, long e) {
        return call(s, number, a, b, c, d, e, 0);
    }

    static long call(Scratch s, long number, long a, long b, long c, long d) {
        return call(s, number, a, b, c, d, 0, 0);
    }

    static long call(Scratch s, long number, long a, long b, long c) {
        return call(s, number, a, b, c, 0, 0, 0);
    }

    static long call(Scratch s, long number, long a, long b) {
        return call(s, number, a, b, 0, 0, 0, 0);
    }

    static long call(Scratch s, long number, long a) {
        return call(s, number, a, 0, 0, 0, 0, 0);
    }
}
