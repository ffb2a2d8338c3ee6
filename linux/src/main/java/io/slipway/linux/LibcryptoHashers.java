package io.slipway.linux;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.nio.ByteBuffer;
import java.util.Objects;
import java.util.Optional;

/// Hashes by OpenSSL's libcrypto (`openssl/evp.h`): the same speed whatever the JIT does.
final class LibcryptoHashers implements HasherProvider {
    private static final String SONAME = "libcrypto.so.3";

    /// Heap bytes hashed per call: about 20 us, for the collector may have to wait until the call is over.
    private static final int HEAP_PIECE = 32 * 1024;

    private final String name;
    private final Functions functions;

    private LibcryptoHashers(String name, Functions functions) {
        this.name = name;
        this.functions = functions;
    }

    /// @param update the ordinary call, for memory outside the heap
    /// @param updateHeap the same function, which may be given heap memory and then holds up safepoints
    private record Functions(
            MemorySegment sha256,
            MemorySegment sha384,
            MemorySegment sha512,
            MethodHandle contextNew,
            MethodHandle contextFree,
            MethodHandle init,
            MethodHandle update,
            MethodHandle updateHeap,
            MethodHandle copy,
            MethodHandle finish) {}

    /// Nothing when there is no libcrypto 3, or it doesn't hash as it should.
    static Optional<HasherProvider> load() {
        return Native.library(SONAME).flatMap(LibcryptoHashers::link);
    }

    private static Optional<HasherProvider> link(Native.Library library) {
        SymbolLookup symbols = library.symbols();
        FunctionDescriptor update = FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS, JAVA_LONG);
        try {
            Functions functions = new Functions(
                    algorithm(symbols, "EVP_sha256"),
                    algorithm(symbols, "EVP_sha384"),
                    algorithm(symbols, "EVP_sha512"),
                    Native.function(symbols, "EVP_MD_CTX_new", FunctionDescriptor.of(ADDRESS)),
                    Native.function(symbols, "EVP_MD_CTX_free", FunctionDescriptor.ofVoid(ADDRESS)),
                    Native.function(
                            symbols, "EVP_DigestInit_ex", FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS, ADDRESS)),
                    Native.function(symbols, "EVP_DigestUpdate", update),
                    Native.function(symbols, "EVP_DigestUpdate", update, Linker.Option.critical(true)),
                    Native.function(symbols, "EVP_MD_CTX_copy_ex", FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS)),
                    Native.function(
                            symbols, "EVP_DigestFinal_ex", FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS, ADDRESS)));
            return Optional.of(new LibcryptoHashers("libcrypto " + version(symbols), functions));
        } catch (UnsatisfiedLinkError missing) {
            return Optional.empty();
        }
    }

    private static MemorySegment algorithm(SymbolLookup symbols, String function) {
        MethodHandle call = Native.function(symbols, function, FunctionDescriptor.of(ADDRESS));
        try {
            return (MemorySegment) call.invokeExact();
        } catch (Throwable t) {
            throw Native.bug(t);
        }
    }

    /// The number of `OpenSSL_version(OPENSSL_VERSION)`: "OpenSSL 3.0.17 1 Jul 2025".
    private static String version(SymbolLookup symbols) {
        MethodHandle call = Native.function(symbols, "OpenSSL_version", FunctionDescriptor.of(ADDRESS, JAVA_INT));
        try {
            MemorySegment text = (MemorySegment) call.invokeExact(0);
            String[] words = Native.at(text, 128).getString(0).split(" ", 3);
            return words.length > 1 ? words[1] : words[0];
        } catch (Throwable t) {
            throw Native.bug(t);
        }
    }

    @Override
    public Hasher open(String algorithm) {
        return switch (algorithm) {
            case "sha256" -> new LibcryptoHasher(functions, functions.sha256, 32);
            case "sha384" -> new LibcryptoHasher(functions, functions.sha384, 48);
            case "sha512" -> new LibcryptoHasher(functions, functions.sha512, 64);
            default -> throw new IllegalArgumentException("hash " + algorithm);
        };
    }

    @Override
    public String name() {
        return name;
    }

    private static final class LibcryptoHasher implements Hasher {
        private final Functions functions;
        private final int length;
        private MemorySegment context = MemorySegment.NULL;
        private boolean done;

        LibcryptoHasher(Functions functions, MemorySegment algorithm, int length) {
            this.functions = functions;
            this.length = length;
            try {
                context = newContext();
                check((int) functions.init.invokeExact(context, algorithm, MemorySegment.NULL));
            } catch (Throwable t) {
                close();
                throw Native.bug(t);
            }
        }

        @Override
        public void update(ByteBuffer data) {
            if (!data.isDirect()) {
                updateHeap(MemorySegment.ofBuffer(data));
            } else {
                checkOpen();
                try {
                    MemorySegment all = MemorySegment.ofBuffer(data);
                    check((int) functions.update.invokeExact(context, all, all.byteSize()));
                } catch (Throwable t) {
                    throw Native.bug(t);
                }
            }
            data.position(data.limit());
        }

        @Override
        public void update(byte[] bytes, int offset, int length) {
            Objects.checkFromIndexSize(offset, length, bytes.length);
            updateHeap(MemorySegment.ofArray(bytes).asSlice(offset, length));
        }

        private void updateHeap(MemorySegment data) {
            checkOpen();
            long size = data.byteSize();
            for (long at = 0; at < size; at += HEAP_PIECE) {
                long piece = Math.min(HEAP_PIECE, size - at);
                try {
                    check((int) functions.updateHeap.invokeExact(context, data.asSlice(at, piece), piece));
                } catch (Throwable t) {
                    throw Native.bug(t);
                }
            }
        }

        @Override
        public byte[] digest() {
            checkOpen();
            done = true;
            try {
                return finish(context);
            } catch (Throwable t) {
                throw Native.bug(t);
            }
        }

        @Override
        public byte[] digestSoFar() {
            checkOpen();
            MemorySegment copy = MemorySegment.NULL;
            try {
                copy = newContext();
                check((int) functions.copy.invokeExact(copy, context));
                return finish(copy);
            } catch (Throwable t) {
                throw Native.bug(t);
            } finally {
                free(copy);
            }
        }

        private byte[] finish(MemorySegment finished) throws Throwable {
            try (Scratch s = Scratch.take()) {
                check((int) functions.finish.invokeExact(finished, s.struct, MemorySegment.NULL));
                return s.struct.asSlice(0, length).toArray(JAVA_BYTE);
            }
        }

        private MemorySegment newContext() throws Throwable {
            MemorySegment made = (MemorySegment) functions.contextNew.invokeExact();
            if (made.address() == 0) {
                throw new OutOfMemoryError("EVP_MD_CTX_new");
            }
            return made;
        }

        @Override
        public void close() {
            done = true;
            MemorySegment freed = context;
            context = MemorySegment.NULL;
            free(freed);
        }

        private void free(MemorySegment freed) {
            if (freed.address() != 0) {
                try {
                    functions.contextFree.invokeExact(freed);
                } catch (Throwable t) {
                    throw Native.bug(t);
                }
            }
        }

        private void checkOpen() {
            if (done) {
                throw new IllegalStateException("the hash is finished");
            }
        }

        /// EVP functions answer 1 on success.
        private static void check(int result) {
            if (result != 1) {
                throw new IllegalStateException("libcrypto refused to hash");
            }
        }
    }
}
