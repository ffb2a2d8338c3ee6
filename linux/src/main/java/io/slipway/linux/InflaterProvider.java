package io.slipway.linux;

/// Opens inflaters; thread-safe.
public interface InflaterProvider {
    Inflater open();

    /// Which code does the work, for the log: `isa-l 2.30` or `jdk`.
    String name();
}
