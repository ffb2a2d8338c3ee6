package io.slipway.cas;

/// Port: who counts what a scrub does. Must not block and must not throw.
public interface ScrubObserver {

    ScrubObserver NONE = new ScrubObserver() {
        @Override
        public void read(long bytes) {}

        @Override
        public void checked(Outcome outcome) {}
    };

    /// What came of one blob.
    enum Outcome {
        GOOD,
        CORRUPT,
        UNREADABLE
    }

    void read(long bytes);

    void checked(Outcome outcome);

    /// An attempt to fetch a bad blob again has ended.
    default void refetched(boolean done) {}
}
