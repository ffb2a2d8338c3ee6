package io.slipway.daemon;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.reflect.Proxy;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;

/// The signals of the contract: TERM and INT ask to stop, a second one ends at once; HUP reloads; USR1 dumps.
/// Hooks run on a thread of the JVM's own, one at a time.
///
/// `sun.misc.Signal` (module jdk.unsupported) is the only way to hear HUP and USR1 and to exit 0 after
/// TERM. It is reached by method handles because javac's warning about its name cannot be switched off for
/// one class.
final class Signals {
    private final CountDownLatch stop = new CountDownLatch(1);
    private final AtomicInteger asked = new AtomicInteger();

    private Signals() {}

    /// @param atOnce a second TERM or INT came
    static Signals listen(Runnable reload, Runnable dump, Runnable atOnce) {
        Signals signals = new Signals();
        for (String name : List.of("TERM", "INT")) {
            handle(name, () -> signals.stop(atOnce));
        }
        handle("HUP", reload);
        handle("USR1", dump);
        return signals;
    }

    /// Waits until somebody asks to stop.
    void awaitStop() throws InterruptedException {
        stop.await();
    }

    private void stop(Runnable atOnce) {
        if (asked.incrementAndGet() > 1) {
            atOnce.run();
        }
        stop.countDown();
    }

    private static void handle(String name, Runnable action) {
        try {
            Class<?> signal = Class.forName("sun.misc.Signal");
            Class<?> handler = Class.forName("sun.misc.SignalHandler");
            MethodHandles.Lookup lookup = MethodHandles.publicLookup();
            MethodHandle made = lookup.findConstructor(signal, MethodType.methodType(void.class, String.class));
            MethodHandle install = lookup.findStatic(signal, "handle", MethodType.methodType(handler, signal, handler));
            Object ours = Proxy.newProxyInstance(handler.getClassLoader(), new Class<?>[] {handler}, (_, method, _) -> {
                if (method.getName().equals("handle")) {
                    action.run();
                }
                return null;
            });
            Object _ = install.invoke(made.invoke(name), ours);
        } catch (Throwable e) {
            throw new IllegalStateException("this JVM does not let us hear SIG" + name, e);
        }
    }
}
