package io.slipway.linux;

/// The implementations of [InflaterProvider].
public final class Inflaters {
    private Inflaters() {}

    /// Holder: chosen when first asked, by whoever asks first.
    private static final class Chosen {
        static final InflaterProvider BEST = IsalInflaters.load().orElseGet(JdkInflaters::new);

        private Chosen() {}
    }

    /// ISA-L where a version whose layout we know can be loaded, otherwise [#jdk]. Chosen once per process.
    public static InflaterProvider best() {
        return Chosen.BEST;
    }

    /// The JDK's zlib.
    public static InflaterProvider jdk() {
        return new JdkInflaters();
    }
}
