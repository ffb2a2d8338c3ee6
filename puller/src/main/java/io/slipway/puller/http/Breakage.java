package io.slipway.puller.http;

import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// That an answer broke off, kept from its head on until somebody reads its body: the peer may close right behind the
/// head, before a reader has come. On the answer's event loop only.
final class Breakage {
    private @Nullable Throwable cause;
    private Consumer<Throwable> reader = _ -> {};

    /// The transport says so; the first time counts.
    void happened(Throwable why) {
        if (cause == null) {
            cause = why;
            reader.accept(why);
        }
    }

    /// The reader is told at once of what happened before it came, else when it happens.
    void tell(Consumer<Throwable> newReader) {
        reader = newReader;
        Throwable known = cause;
        if (known != null) {
            newReader.accept(known);
        }
    }
}
