package io.slipway.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// One daemon thread that waits for many descriptors (epoll) and hands each readiness to an executor once.
///
/// A watch is one-shot: after its callback nothing more is heard of the descriptor until it is watched again.
/// Callbacks run on the executor given with the watch, never on the poller's thread unless that executor runs them
/// there. Stop watching before closing a descriptor. Thread-safe.
public final class Poller implements AutoCloseable {
    /// @param readable there is something to read (for a [PidFd]: it is dead)
    /// @param hangup the other side is gone, or the descriptor is in error
    public record Readiness(boolean readable, boolean hangup) {}

    private static final Logger LOG = LoggerFactory.getLogger(Poller.class);

    // linux/eventpoll.h
    private static final int EPOLL_CTL_ADD = 1;
    private static final int EPOLL_CTL_DEL = 2;
    private static final int EPOLL_CTL_MOD = 3;
    static final int EPOLLIN = 1;
    static final int EPOLLOUT = 4;
    private static final int EPOLLERR = 8;
    private static final int EPOLLHUP = 0x10;
    private static final int EPOLLONESHOT = 1 << 30;

    /// struct epoll_event is packed on x86-64 only.
    private static final int DATA_AT = Nr.ARM64 ? 8 : 4;

    private static final int EVENT_BYTES = Nr.ARM64 ? 16 : 12;

    /// Events taken per wake-up; the others are there at the next one.
    private static final int BATCH = 64;

    private static final long WAKE_UP = 0;

    private final EpollFd epoll;
    private final EventFd wakeUp;
    private final Thread thread;
    private final Object lock = new Object();

    /// Guarded by `lock`, as the two below.
    private final Map<Descriptor, Watch> byDescriptor = new HashMap<>();

    private final Map<Long, Watch> byToken = new HashMap<>();
    private long lastToken = WAKE_UP;
    private volatile boolean closed;

    private record Watch(long token, Descriptor descriptor, Executor executor, Consumer<Readiness> callback) {}

    private Poller(EpollFd epoll, EventFd wakeUp, String threadName) {
        this.epoll = epoll;
        this.wakeUp = wakeUp;
        thread = Thread.ofPlatform().daemon().name(threadName).unstarted(this::run);
    }

    /// Starts the thread.
    public static Poller start(String threadName) throws IOException {
        EpollFd epoll = EpollFd.open();
        try {
            EventFd wakeUp = EventFd.open();
            try {
                Poller poller = new Poller(epoll, wakeUp, threadName);
                poller.control(EPOLL_CTL_ADD, wakeUp, EPOLLIN, WAKE_UP);
                poller.thread.start();
                return poller;
            } catch (IOException | RuntimeException e) {
                wakeUp.close();
                throw e;
            }
        } catch (IOException | RuntimeException e) {
            epoll.close();
            throw e;
        }
    }

    /// Calls back once when `descriptor` is readable or hung up. Watching one that is watched replaces that watch.
    ///
    /// @throws LinuxException EPERM for a descriptor that is always ready, such as a regular file; ENOSPC over the
    ///     user's limit of watches
    public void watch(Descriptor descriptor, Executor executor, Consumer<Readiness> callback) throws IOException {
        watch(descriptor, EPOLLIN, executor, callback);
    }

    /// @param interest EPOLLIN or EPOLLOUT
    void watch(Descriptor descriptor, int interest, Executor executor, Consumer<Readiness> callback)
            throws IOException {
        synchronized (lock) {
            if (closed) {
                throw new IllegalStateException("the poller is closed");
            }
            Watch watch = new Watch(++lastToken, descriptor, executor, callback);
            Watch before = byDescriptor.get(descriptor);
            int operation = before == null ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
            control(operation, descriptor, interest | EPOLLONESHOT, watch.token);
            if (before != null) {
                byToken.remove(before.token);
            }
            byDescriptor.put(descriptor, watch);
            byToken.put(watch.token, watch);
        }
    }

    /// Ends a watch; its callback may be running already. One that is not watched is fine.
    public void unwatch(Descriptor descriptor) {
        synchronized (lock) {
            Watch watch = byDescriptor.remove(descriptor);
            if (watch != null) {
                byToken.remove(watch.token);
                forget(descriptor);
            }
        }
    }

    /// Ends all watches without calling back, and the thread. Repeatable.
    @Override
    public void close() {
        synchronized (lock) {
            if (closed) {
                return;
            }
            closed = true;
            byDescriptor.clear();
            byToken.clear();
            wakeUp.raise();
        }
        if (!Thread.currentThread().equals(thread)) {
            boolean interrupted = false;
            while (thread.isAlive()) {
                try {
                    thread.join();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private void run() {
        try (epoll;
                wakeUp;
                Scratch s = Scratch.take()) {
            MemorySegment events = s.data();
            while (!closed) {
                long n = Sys.call(s, Nr.EPOLL_PWAIT, epoll.fd(), events.address(), BATCH, -1, 0, 8);
                if (n < 0 && !s.failedWith(Errno.EINTR)) {
                    throw new IllegalStateException(s.failure("epoll_wait", epoll.subject()));
                }
                for (Fired fired : take(events, n)) {
                    dispatch(fired);
                }
            }
        }
    }

    private record Fired(Watch watch, Readiness readiness) {}

    private List<Fired> take(MemorySegment events, long count) {
        List<Fired> fired = new ArrayList<>();
        synchronized (lock) {
            for (int i = 0; i < count; i++) {
                int at = i * EVENT_BYTES;
                Watch watch = taken(events.get(JAVA_LONG_UNALIGNED, at + DATA_AT));
                if (watch != null) {
                    int bits = events.get(JAVA_INT_UNALIGNED, at);
                    boolean hangup = (bits & (EPOLLERR | EPOLLHUP)) != 0;
                    fired.add(new Fired(watch, new Readiness((bits & EPOLLIN) != 0, hangup)));
                }
            }
        }
        return fired;
    }

    /// The watch that fired, out of the tables and out of the kernel's; nothing when it ended meanwhile.
    private @Nullable Watch taken(long token) {
        Watch watch = byToken.remove(token);
        if (watch != null) {
            byDescriptor.remove(watch.descriptor);
            forget(watch.descriptor);
        }
        return watch;
    }

    private static void dispatch(Fired fired) {
        try {
            fired.watch.executor.execute(() -> fired.watch.callback.accept(fired.readiness));
        } catch (RejectedExecutionException e) {
            LOG.atDebug()
                    .addKeyValue("descriptor", fired.watch.descriptor)
                    .log("Readiness came after the executor's end");
        } catch (RuntimeException e) {
            LOG.atError()
                    .addKeyValue("descriptor", fired.watch.descriptor)
                    .setCause(e)
                    .log("A readiness callback failed");
        }
    }

    private void control(int operation, Descriptor descriptor, int interest, long token) throws IOException {
        try (Scratch s = Scratch.take()) {
            s.struct.set(JAVA_INT_UNALIGNED, 0, interest);
            s.struct.set(JAVA_LONG_UNALIGNED, DATA_AT, token);
            long event = s.struct.address();
            s.check(Sys.call(s, Nr.EPOLL_CTL, epoll.fd(), operation, descriptor.fd(), event), "epoll_ctl", descriptor);
        }
    }

    /// Takes it out of the kernel's table; one that was closed is out already.
    private void forget(Descriptor descriptor) {
        if (descriptor.isOpen() && epoll.isOpen()) {
            try {
                control(EPOLL_CTL_DEL, descriptor, 0, 0);
            } catch (IOException | IllegalStateException e) {
                LOG.atDebug().addKeyValue("descriptor", descriptor).setCause(e).log("A watch was gone before it ended");
            }
        }
    }
}
