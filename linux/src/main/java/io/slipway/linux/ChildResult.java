package io.slipway.linux;

import java.nio.charset.StandardCharsets;

/// What came of a child.
public final class ChildResult {
    private final Exit exit;
    private final byte[] output;
    private final byte[] errors;
    private final boolean truncated;
    private final boolean timedOut;

    ChildResult(Exit exit, byte[] output, byte[] errors, boolean truncated, boolean timedOut) {
        this.exit = exit;
        this.output = output;
        this.errors = errors;
        this.truncated = truncated;
        this.timedOut = timedOut;
    }

    public Exit exit() {
        return exit;
    }

    /// Standard output, with standard error in it when the two were combined.
    public byte[] output() {
        return output.clone();
    }

    /// Standard error when it was separate, otherwise empty.
    public byte[] errors() {
        return errors.clone();
    }

    public String outputText() {
        return new String(output, StandardCharsets.UTF_8);
    }

    public String errorText() {
        return new String(errors, StandardCharsets.UTF_8);
    }

    /// Some output was thrown away because there was more than asked for.
    public boolean truncated() {
        return truncated;
    }

    /// The deadline passed and the group was killed.
    public boolean timedOut() {
        return timedOut;
    }
}
