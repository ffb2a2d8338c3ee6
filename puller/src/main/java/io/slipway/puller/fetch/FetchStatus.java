package io.slipway.puller.fetch;

/// What a fetch is doing, for progress: written by its workers, read by whoever shows it.
public final class FetchStatus {
    private volatile String waitingFor = "";
    private volatile boolean started;

    /// Bytes are moving.
    void moving() {
        started = true;
        waitingFor = "";
    }

    /// No bytes move, because of this.
    void waiting(String why) {
        waitingFor = why;
    }

    /// Whether any byte was asked for yet.
    public boolean started() {
        return started;
    }

    /// One phrase, empty when bytes move.
    public String waitingFor() {
        return waitingFor;
    }
}
