package io.slipway.runtime;

import io.slipway.cas.Collector;
import io.slipway.cas.GcRoots;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;

/// Remembers who joined and how often a run was asked for.
public final class TestCollector implements Collector {
    public final List<GcRoots> parts = new CopyOnWriteArrayList<>();
    public final AtomicInteger scheduled = new AtomicInteger();

    @Override
    public void join(GcRoots part) {
        parts.add(part);
    }

    @Override
    public Collected collect() {
        return new Collected(0, 0, 0, 0);
    }

    @Override
    public void schedule() {
        scheduled.incrementAndGet();
    }
}
