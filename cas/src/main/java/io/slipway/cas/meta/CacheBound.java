package io.slipway.cas.meta;

import io.slipway.cas.CacheIndex;
import io.slipway.cas.CacheLimits;
import io.slipway.cas.Collector;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Keeps pull-through content within its limits: looks soon after something was admitted, and now and then,
/// for others fill the disk too.
final class CacheBound {

    static final Duration LOOK_EVERY = Duration.ofMinutes(1);

    /// Admissions of one pull come together; one look serves them all.
    static final Duration AFTER_ADMISSION = Duration.ofSeconds(2);

    private static final Logger log = LoggerFactory.getLogger(CacheBound.class);

    private final CacheIndex cache;
    private final Collector collector;
    private final CacheLimits limits;
    private final Space space;
    private final AtomicBoolean soon = new AtomicBoolean();

    /// The file system of the store.
    interface Space {
        long capacity();

        long free();

        static Space of(Path directory) {
            // Not a FileStore: that reads the list of all mounts.
            return new Space() {
                @Override
                public long capacity() {
                    return directory.toFile().getTotalSpace();
                }

                @Override
                public long free() {
                    return directory.toFile().getUsableSpace();
                }
            };
        }
    }

    CacheBound(CacheIndex cache, Collector collector, CacheLimits limits, Space space) {
        this.cache = cache;
        this.collector = collector;
        this.limits = limits;
        this.space = space;
    }

    /// Begins to look.
    void start(ScheduledExecutorService timer) {
        var _ = timer.scheduleWithFixedDelay(
                () -> lookLogged(), LOOK_EVERY.toSeconds(), LOOK_EVERY.toSeconds(), TimeUnit.SECONDS);
    }

    /// Something was admitted.
    void admitted(ScheduledExecutorService timer) {
        if (soon.compareAndSet(false, true)) {
            var _ = timer.schedule(
                    () -> {
                        soon.set(false);
                        lookLogged();
                    },
                    AFTER_ADMISSION.toSeconds(),
                    TimeUnit.SECONDS);
        }
    }

    private void lookLogged() {
        Thread.ofVirtual().name("cache bound").start(() -> {
            try {
                look();
            } catch (IOException | RuntimeException e) {
                log.atWarn()
                        .addKeyValue("error", e.getMessage())
                        .log("Pull-through content could not be brought within its limits; the next look tries again.");
            }
        });
    }

    /// Gives up what is too much and removes it; returns the bytes given up.
    long look() throws IOException {
        long given = limits.maxBytes() == 0 ? 0 : cache.shrinkTo(limits.maxBytes());
        if (given > 0) {
            collector.collect();
        }
        long missing = limits.minFreeBytes().applyAsLong(space.capacity()) - space.free();
        long freed = missing <= 0 ? 0 : cache.free(missing);
        if (freed > 0) {
            collector.collect();
        }
        if (given + freed > 0) {
            log.atInfo()
                    .addKeyValue("over_max_bytes", given)
                    .addKeyValue("for_free_space", freed)
                    .log("Gave up pull-through content that was not used for the longest time.");
        }
        return given + freed;
    }
}
