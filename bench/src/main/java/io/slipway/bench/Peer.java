package io.slipway.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/// A daemon that takes part in a benchmark, started anew with an empty root for each round.
interface Peer {
    /// How the table names it.
    String name();

    /// The daemon's command line; it keeps everything below `root`.
    List<String> daemon(Path root) throws IOException;

    /// Whether it answers.
    boolean ready(Path root);

    /// The client command that pulls and unpacks `reference` over plain HTTP.
    List<String> pull(Path root, String reference);
}
