package io.slipway.cas;

import java.io.IOException;

/// Gets the bytes of one blob from somewhere. Run once at most, on a virtual thread that the store owns.
@FunctionalInterface
public interface Fetch {

    /// Writes every [Landing#missing] range and returns when all bytes are there (other threads it used
    /// have ended). It need not check the digest. Throwing fails the arrival for every asker of the
    /// same provenance; what was written stays for the next fetch. It is interrupted when nobody asks
    /// any more, and should then throw InterruptedException soon.
    void run(Landing landing) throws IOException, InterruptedException;
}
