package io.slipway.linux;

/// Marks a body that the next commits bring.
final class Pending {
    private Pending() {}

    @SuppressWarnings({"TypeParameterUnusedInFormals", "DoNotCallSuggester"})
    static <T> T body() {
        throw new UnsupportedOperationException("not yet");
    }
}
