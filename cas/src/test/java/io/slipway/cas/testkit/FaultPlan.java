package io.slipway.cas.testkit;

import io.slipway.cas.Faults;
import java.io.IOException;
import java.util.concurrent.atomic.AtomicInteger;

/// Makes the disk fail at its n-th step, once or from then on (a crash: nothing that comes after happens).
public final class FaultPlan implements Faults {

    private final int step;
    private final boolean forGood;
    private final String message;
    private final AtomicInteger steps = new AtomicInteger();
    private volatile boolean crashed;

    private FaultPlan(int step, boolean forGood, String message) {
        this.step = step;
        this.forGood = forGood;
        this.message = message;
    }

    public static FaultPlan crashAt(int step) {
        return new FaultPlan(step, true, "crashed");
    }

    public static FaultPlan failAt(int step, String message) {
        return new FaultPlan(step, false, message);
    }

    /// Never by itself; [#crashNow] does.
    public static FaultPlan onDemand() {
        return new FaultPlan(Integer.MAX_VALUE, true, "crashed");
    }

    public void crashNow() {
        crashed = true;
    }

    /// The planned step was reached.
    public boolean struck() {
        return steps.get() >= step;
    }

    @Override
    public void before(String what, String subject) throws IOException {
        int now = steps.incrementAndGet();
        if (now == step || (forGood && now > step) || crashed) {
            throw new IOException(message + " before " + what + " of " + subject);
        }
    }
}
