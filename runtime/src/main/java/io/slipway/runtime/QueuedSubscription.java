package io.slipway.runtime;

import io.slipway.api.types.Envelope;
import io.slipway.cas.ApiException;
import io.slipway.cas.filter.Filter;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Optional;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A bounded queue behind a filter. The lock is held for a few instructions only, so publishers do not wait.
final class QueuedSubscription implements EventSubscription {
    private static final Logger log = LoggerFactory.getLogger(QueuedSubscription.class);

    private final Filter filter;
    private final Consumer<QueuedSubscription> whenOver;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    /// The four below: guarded by lock.
    private final ArrayDeque<Envelope> queue = new ArrayDeque<>();

    private long queuedBytes;
    private boolean over;
    private @Nullable ApiException end;

    QueuedSubscription(Filter filter, Consumer<QueuedSubscription> whenOver) {
        this.filter = filter;
        this.whenOver = whenOver;
    }

    void offer(Envelope envelope) {
        if (!matches(envelope)) {
            return;
        }
        boolean overflown = false;
        lock.lock();
        try {
            if (over) {
                return;
            }
            int bytes = envelope.getSerializedSize();
            if (queue.size() >= QUEUE_MAX || queuedBytes + bytes > QUEUE_BYTES_MAX) {
                overflown = true;
            } else {
                queue.add(envelope);
                queuedBytes += bytes;
                changed.signal();
            }
        } finally {
            lock.unlock();
        }
        if (overflown) {
            log.atWarn().addKeyValue("events", QUEUE_MAX).log("An event subscriber fell behind and was cut off.");
            finish(new ApiException(
                    ApiException.Code.RESOURCE_EXHAUSTED,
                    "the subscriber fell behind and has missed events; subscribe again"));
        }
    }

    void stop() {
        finish(ApiException.unavailable("the daemon stops"));
    }

    @Override
    public Envelope take() throws InterruptedException {
        lock.lockInterruptibly();
        try {
            while (queue.isEmpty()) {
                failWhenOver();
                changed.await();
            }
            return next();
        } finally {
            lock.unlock();
        }
    }

    @Override
    public Optional<Envelope> poll(Duration limit) throws InterruptedException {
        long left = limit.toNanos();
        lock.lockInterruptibly();
        try {
            while (queue.isEmpty()) {
                failWhenOver();
                if (left <= 0) {
                    return Optional.empty();
                }
                left = changed.awaitNanos(left);
            }
            return Optional.of(next());
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void close() {
        finish(ApiException.failedPrecondition("the subscription is closed"));
    }

    private boolean matches(Envelope envelope) {
        try {
            return filter.matches(new EnvelopeFields(envelope));
        } catch (ApiException e) { // an expression that takes too long on this event: this subscriber's own trouble
            finish(e);
            return false;
        }
    }

    private Envelope next() {
        Envelope envelope = queue.remove();
        queuedBytes -= envelope.getSerializedSize();
        return envelope;
    }

    private void failWhenOver() {
        if (end != null) {
            throw new ApiException(end.code(), String.valueOf(end.getMessage()), end);
        }
    }

    private void finish(ApiException why) {
        lock.lock();
        try {
            if (!over) {
                over = true;
                end = why;
                queue.clear();
                queuedBytes = 0;
                changed.signalAll();
            }
        } finally {
            lock.unlock();
        }
        whenOver.accept(this);
    }
}
