package io.slipway.linux;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;

/// Makes user namespaces (user_namespaces(7)) that only lend their id maps: nobody lives in them.
///
/// A namespace begins with a process. It is a clone of this one that runs nothing but sleep(3) of the C library, on a
/// stack of its own and in a copy of the memory, so that no line of Java runs in it; it is killed as soon as its
/// namespace is held by descriptor. Should we die first, it ends by itself.
final class UserNamespace {
    // linux/sched.h, asm-generic/signal.h
    private static final int CLONE_NEWUSER = 0x10000000;
    private static final int SIGCHLD = 17;
    private static final int SIGKILL = 9;

    // linux/wait.h
    private static final int P_PID = 1;
    private static final int WEXITED = 4;

    private static final int STACK_BYTES = 64 * 1024;

    /// What four file operations may take on a busy machine.
    private static final long LIFE_SECONDS = 20;

    /// int clone(int (*fn)(void *), void *stack, int flags, void *arg, ...)
    private static final MethodHandle CLONE = Native.libc(
            "clone",
            FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS, JAVA_INT, JAVA_LONG),
            Linker.Option.firstVariadicArg(4),
            Linker.Option.captureCallState("errno"));

    private static final MemorySegment SLEEP = Native.address("sleep");

    private UserNamespace() {}

    /// A namespace with these maps.
    static FileHandle of(IdMapping mapping) throws IOException {
        int pid = sleeper();
        try {
            Path process = Path.of("/proc", Integer.toString(pid));
            Files.writeString(process.resolve("uid_map"), lines(mapping.uids()));
            Files.writeString(process.resolve("gid_map"), lines(mapping.gids()));
            return open(process.resolve("ns/user").toString());
        } finally {
            end(pid);
        }
    }

    private static FileHandle open(String path) throws IOException {
        try (Scratch s = Scratch.take()) {
            long fd = Sys.call(s, Nr.OPENAT, Flags.AT_FDCWD, s.path(path), Flags.O_RDONLY | Flags.O_CLOEXEC);
            return new FileHandle((int) s.check(fd, "openat", path), path, new byte[0]);
        }
    }

    private static String lines(List<IdMapping.Range> ranges) {
        return ranges.stream()
                .map(range -> range.container() + " " + range.host() + " " + range.size() + "\n")
                .collect(Collectors.joining());
    }

    private static int sleeper() throws IOException {
        try (Arena arena = Arena.ofConfined();
                Scratch s = Scratch.take()) {
            MemorySegment top = arena.allocate(STACK_BYTES, 16).asSlice(STACK_BYTES);
            int pid = (int) CLONE.invokeExact(s.capture, SLEEP, top, CLONE_NEWUSER | SIGCHLD, LIFE_SECONDS);
            return (int) s.check(pid, "clone", "CLONE_NEWUSER");
        } catch (IOException e) {
            throw e;
        } catch (Throwable t) {
            throw Native.bug(t);
        }
    }

    private static void end(int pid) {
        try (Scratch s = Scratch.take()) {
            Sys.call(s, Nr.KILL, pid, SIGKILL);
            while (Sys.call(s, Nr.WAITID, P_PID, pid, 0, WEXITED, 0) < 0 && s.failedWith(Errno.EINTR)) {
                // Asked again: it is dead in any case.
                Thread.onSpinWait();
            }
        }
    }
}
