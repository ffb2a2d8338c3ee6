package io.slipway.daemon.cli;

import java.time.Instant;

/// Shows a pull to whoever started it. Main thread only.
interface ProgressView {
    /// Shows what has changed; called several times per second.
    void tick(Instant now, LayerBoard board);

    /// Shows the end: of a pull that succeeded, or, with `failed`, only clears what must not stay on the screen.
    void end(Instant now, LayerBoard board, boolean failed);

    /// The one for this terminal.
    static ProgressView of(Terminal terminal, String reference, Instant now) {
        return terminal.errIsTerminal()
                ? new BarsView(terminal.err(), terminal.columns())
                : new LinesView(terminal.err(), reference, now);
    }
}
