package io.slipway.linux;

/// The implementations of [InflaterProvider].
public final class Inflaters {
    private Inflaters() {}

    /// ISA-L where a version whose layout we know can be loaded, otherwise [#jdk]. Chosen once per process.
    public static InflaterProvider best() {
        return Pending.body();
    }

    /// The JDK's zlib.
    public static InflaterProvider jdk() {
        return Pending.body();
    }
}
