package io.slipway.linux;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.nio.charset.StandardCharsets;
import java.util.List;

/// posix_spawn(3) of glibc 2.34 or newer (`spawn.h`): the C library does between fork and exec what a JVM can't.
final class Spawn {
    private static final short POSIX_SPAWN_SETPGROUP = 0x02;
    private static final short POSIX_SPAWN_SETSIGDEF = 0x04;
    private static final short POSIX_SPAWN_SETSIGMASK = 0x08;

    /// sigset_t of `bits/types/__sigset_t.h`
    private static final int SIGSET_BYTES = 128;

    /// posix_spawnattr_t is 336 bytes and posix_spawn_file_actions_t 80; opaque, so with room.
    private static final int OPAQUE_BYTES = 512;

    private static final MethodHandle SPAWN = Native.libc(
            "posix_spawn", FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS, ADDRESS, ADDRESS, ADDRESS, ADDRESS));
    private static final FunctionDescriptor ONE = FunctionDescriptor.of(JAVA_INT, ADDRESS);
    private static final MethodHandle ACTIONS_INIT = Native.libc("posix_spawn_file_actions_init", ONE);
    private static final MethodHandle ACTIONS_DESTROY = Native.libc("posix_spawn_file_actions_destroy", ONE);
    private static final MethodHandle ADD_DUP2 = Native.libc(
            "posix_spawn_file_actions_adddup2", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT));
    private static final MethodHandle ADD_CHDIR =
            Native.libc("posix_spawn_file_actions_addchdir_np", FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS));
    private static final MethodHandle ADD_CLOSEFROM =
            Native.libc("posix_spawn_file_actions_addclosefrom_np", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT));
    private static final MethodHandle ATTR_INIT = Native.libc("posix_spawnattr_init", ONE);
    private static final MethodHandle ATTR_DESTROY = Native.libc("posix_spawnattr_destroy", ONE);
    private static final MethodHandle ATTR_FLAGS =
            Native.libc("posix_spawnattr_setflags", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_SHORT));
    private static final MethodHandle ATTR_GROUP =
            Native.libc("posix_spawnattr_setpgroup", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT));
    private static final FunctionDescriptor TWO = FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS);
    private static final MethodHandle ATTR_MASK = Native.libc("posix_spawnattr_setsigmask", TWO);
    private static final MethodHandle ATTR_DEFAULT = Native.libc("posix_spawnattr_setsigdefault", TWO);

    private Spawn() {}

    /// @param program absolute path
    /// @param descriptors what becomes 0, 1, 2, ...; all numbers above them, so that none is overwritten on the way
    /// @return the pid
    static int start(
            String program, List<String> arguments, List<String> environment, String directory, int[] descriptors)
            throws LinuxException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment actions = arena.allocate(OPAQUE_BYTES, 16);
            MemorySegment attributes = arena.allocate(OPAQUE_BYTES, 16);
            check((int) ACTIONS_INIT.invokeExact(actions), program);
            check((int) ATTR_INIT.invokeExact(attributes), program);
            try {
                for (int i = 0; i < descriptors.length; i++) {
                    check((int) ADD_DUP2.invokeExact(actions, descriptors[i], i), program);
                }
                MemorySegment cwd = arena.allocateFrom(directory, StandardCharsets.UTF_8);
                check((int) ADD_CHDIR.invokeExact(actions, cwd), program);
                check((int) ADD_CLOSEFROM.invokeExact(actions, descriptors.length), program);
                clean(arena, attributes, program);
                MemorySegment pid = arena.allocate(JAVA_INT);
                MemorySegment path = arena.allocateFrom(program, StandardCharsets.UTF_8);
                MemorySegment argv = strings(arena, arguments);
                MemorySegment envp = strings(arena, environment);
                check((int) SPAWN.invokeExact(pid, path, actions, attributes, argv, envp), program);
                return pid.get(JAVA_INT, 0);
            } finally {
                int ignored = (int) ATTR_DESTROY.invokeExact(attributes) + (int) ACTIONS_DESTROY.invokeExact(actions);
            }
        } catch (LinuxException e) {
            throw e;
        } catch (Throwable t) {
            throw Native.bug(t);
        }
    }

    /// Own process group, no signal blocked, every signal at its default.
    private static void clean(Arena arena, MemorySegment attributes, String program) throws Throwable {
        short flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK;
        MemorySegment none = arena.allocate(SIGSET_BYTES, 8);
        MemorySegment all = arena.allocate(SIGSET_BYTES, 8).fill((byte) 0xFF);
        check((int) ATTR_FLAGS.invokeExact(attributes, flags), program);
        check((int) ATTR_GROUP.invokeExact(attributes, 0), program);
        check((int) ATTR_MASK.invokeExact(attributes, none), program);
        check((int) ATTR_DEFAULT.invokeExact(attributes, all), program);
    }

    private static MemorySegment strings(Arena arena, List<String> values) {
        MemorySegment array = arena.allocate(ADDRESS, values.size() + 1L);
        for (int i = 0; i < values.size(); i++) {
            array.setAtIndex(ADDRESS, i, arena.allocateFrom(values.get(i), StandardCharsets.UTF_8));
        }
        return array;
    }

    /// These functions return the error's number.
    private static void check(int error, String program) throws LinuxException {
        if (error != 0) {
            throw new LinuxException("posix_spawn", program, error);
        }
    }
}
