package io.slipway.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/// Symbols and handles: the one class that links native code.
///
/// Restricted methods need `--enable-native-access`; without it the JDK's own message names the flag.
@SuppressWarnings("restricted")
final class Native {
    /// Directory of the shared objects that the distribution brings (`lib/native`), searched before the system.
    static final String DIRECTORY_PROPERTY = "slipway.native.dir";

    private static final Linker LINKER = Linker.nativeLinker();
    private static final SymbolLookup LIBC = LINKER.defaultLookup();

    private Native() {}

    /// A function of the C library.
    static MethodHandle libc(String symbol, FunctionDescriptor type, Linker.Option... options) {
        return function(LIBC, symbol, type, options);
    }

    static MethodHandle function(
            SymbolLookup library, String symbol, FunctionDescriptor type, Linker.Option... options) {
        return LINKER.downcallHandle(address(library, symbol), type, options);
    }

    /// Where a function of the C library is, for who hands it to another.
    static MemorySegment address(String symbol) {
        return address(LIBC, symbol);
    }

    private static MemorySegment address(SymbolLookup library, String symbol) {
        return library.find(symbol).orElseThrow(() -> new UnsatisfiedLinkError("no symbol " + symbol));
    }

    /// A shared object: from the distribution's directory, else where the loader looks. Never unloaded.
    static Optional<Library> library(String soname) {
        String directory = System.getProperty(DIRECTORY_PROPERTY, "");
        if (!directory.isEmpty()) {
            Path own = Path.of(directory, soname);
            if (Files.isRegularFile(own)) {
                try {
                    return Optional.of(new Library(SymbolLookup.libraryLookup(own, Arena.global()), own.toString()));
                } catch (IllegalArgumentException unusable) {
                    // Built for another machine, or damaged: the system's may still do.
                }
            }
        }
        try {
            return Optional.of(new Library(SymbolLookup.libraryLookup(soname, Arena.global()), soname));
        } catch (IllegalArgumentException absent) {
            return Optional.empty();
        }
    }

    /// @param origin the file, or the bare name when the loader found it
    record Library(SymbolLookup symbols, String origin) {}

    /// A view of memory that native code handed us.
    static MemorySegment at(MemorySegment pointer, long size) {
        return pointer.reinterpret(size);
    }

    /// For the `Throwable` of `invokeExact`: native functions throw nothing, so this is a bug in a descriptor here.
    static RuntimeException bug(Throwable thrown) {
        if (thrown instanceof Error error) {
            throw error;
        }
        if (thrown instanceof RuntimeException runtime) {
            return runtime;
        }
        return new IllegalStateException(thrown);
    }
}
