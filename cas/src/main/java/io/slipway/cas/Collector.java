package io.slipway.cas;

import java.io.IOException;

/// Mark and sweep over everything that [Metadata] knows, from images, live leases, `gc.root` labels and the
/// roots of the parts that joined. What is open, leased or arriving is never removed.
public interface Collector {

    /// What one run did.
    ///
    /// @param contents (namespace, digest) pairs that went
    /// @param blobs files that went with them
    /// @param bytes that those files had
    /// @param others objects of other kinds that went
    record Collected(int contents, int blobs, long bytes, int others) {}

    /// Lets a part take part, from the next run on.
    void join(GcRoots part);

    /// Runs now, or waits for the run that starts next, and returns when it is through.
    Collected collect() throws IOException;

    /// Something was deleted: a run follows, when is up to [GcOptions]. Returns at once.
    void schedule();
}
