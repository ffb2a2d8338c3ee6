package io.slipway.daemon.cli;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandleProxies;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/// Signals through the JVM's own handling (`sun.misc.Signal` of the module jdk.unsupported, the only door there is).
/// It is reached by method handles because javac's warning about its name can't be switched off for one class.
final class JvmSignals implements Signals {
    private final Class<?> signal;
    private final Class<?> signalHandler;
    private final MethodHandle ofName;
    private final MethodHandle nameOf;
    private final MethodHandle install;

    JvmSignals() {
        try {
            MethodHandles.Lookup lookup = MethodHandles.publicLookup();
            signal = Class.forName("sun.misc.Signal");
            signalHandler = Class.forName("sun.misc.SignalHandler");
            ofName = lookup.findConstructor(signal, MethodType.methodType(void.class, String.class));
            nameOf = lookup.findVirtual(signal, "getName", MethodType.methodType(String.class));
            install = lookup.findStatic(signal, "handle", MethodType.methodType(signalHandler, signal, signalHandler));
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("this JVM has no sun.misc.Signal", e);
        }
    }

    private record Installed(Object signal, Object before) {}

    @Override
    public Subscription on(List<String> names, Consumer<String> handler) {
        Object proxy = proxy(handler);
        List<Installed> installed = new ArrayList<>();
        for (String name : names) {
            try {
                Object which = ofName.invoke(name);
                installed.add(new Installed(which, install.invoke(which, proxy)));
            } catch (IllegalArgumentException _) {
                // Not on this machine, or the JVM needs it itself (QUIT prints its threads).
            } catch (Throwable e) {
                throw new IllegalStateException("cannot listen for SIG" + name, e);
            }
        }
        return () -> {
            for (Installed each : installed.reversed()) {
                try {
                    Object _ = install.invoke(each.signal(), each.before());
                } catch (Throwable e) {
                    throw new IllegalStateException("cannot restore a signal handler", e);
                }
            }
        };
    }

    private Object proxy(Consumer<String> handler) {
        MethodHandle accept;
        try {
            accept = MethodHandles.lookup()
                    .bind(new Handling(handler, nameOf), "handle", MethodType.methodType(void.class, Object.class));
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
        return MethodHandleProxies.asInterfaceInstance(
                signalHandler, accept.asType(MethodType.methodType(void.class, signal)));
    }

    private record Handling(Consumer<String> handler, MethodHandle nameOf) {
        @SuppressWarnings("UnusedMethod") // bound by name above
        void handle(Object signal) throws Throwable {
            handler.accept((String) nameOf.invoke(signal));
        }
    }
}
