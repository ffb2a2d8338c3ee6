package io.slipway.snapshotter.testkit;

/// A stack that can't be applied, with the reason.
public final class Refusal extends Exception {
    private static final long serialVersionUID = 1;

    Refusal(String reason) {
        super(reason);
    }
}
