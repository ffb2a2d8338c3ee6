package io.slipway.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/// A daemon that takes part in a benchmark, started anew with an empty root for each run.
interface Peer {
    /// How the table names it.
    String name();

    /// The daemon's command line; it keeps everything below `root`.
    List<String> daemon(Path root) throws IOException;

    /// Whether it answers.
    boolean ready(Path root);

    /// The client command that pulls `reference` over plain HTTP and unpacks it; of what is stored, nothing is fetched.
    List<String> pull(Path root, String reference);

    /// The client command that only fetches `reference` into the store.
    List<String> fetch(Path root, String reference);
}
