package io.slipway.cas.meta;

import io.slipway.cas.file.Rehash;
import java.time.Duration;
import java.util.function.LongSupplier;

/// Lets its caller read so many bytes a second, by making it wait after each read. What was not read while
/// nothing was there to read is not made up for. One thread.
final class Pacer implements Rehash.Pace {

    private static final long SECOND_NANOS = Duration.ofSeconds(1).toNanos();

    private final long bytesPerSecond;
    private final LongSupplier nanoTime;
    private final Sleep sleep;
    private long free;

    /// Waits.
    @FunctionalInterface
    interface Sleep {
        void sleep(Duration time) throws InterruptedException;
    }

    /// @param bytesPerSecond more than 0
    Pacer(long bytesPerSecond, LongSupplier nanoTime, Sleep sleep) {
        this.bytesPerSecond = bytesPerSecond;
        this.nanoTime = nanoTime;
        this.sleep = sleep;
        this.free = nanoTime.getAsLong();
    }

    @Override
    public void read(long bytes) throws InterruptedException {
        long now = nanoTime.getAsLong();
        if (free - now < 0) {
            free = now;
        }
        free += (long) ((double) bytes / bytesPerSecond * SECOND_NANOS);
        sleep.sleep(Duration.ofNanos(free - now));
    }
}
