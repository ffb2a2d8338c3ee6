package io.slipway.daemon.cli;

import io.slipway.daemon.cli.LayerBoard.Layer;
import io.slipway.daemon.cli.LayerBoard.Stage;
import java.io.PrintStream;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/// For logs and pipes: one line for each finished layer, and one whenever nothing was printed for
/// [#SILENCE_MAX].
final class LinesView implements ProgressView {
    static final Duration SILENCE_MAX = Duration.ofSeconds(30);

    private final PrintStream err;
    private final String reference;
    private final Set<String> printed = new HashSet<>();
    private Instant lastLine;

    LinesView(PrintStream err, String reference, Instant now) {
        this.err = err;
        this.reference = reference;
        this.lastLine = now;
    }

    @Override
    public void tick(Instant now, LayerBoard board) {
        for (Layer layer : board.layers()) {
            if (layer.stage() == Stage.DONE && printed.add(layer.digest())) {
                String size = layer.total() > 0 ? " " + Text.bytes(layer.total()) : "";
                err.println("layer " + Text.shortDigest(layer.digest()) + size + " done"
                        + (layer.here() ? " (was here)" : ""));
                lastLine = now;
            }
        }
        if (Duration.between(lastLine, now).compareTo(SILENCE_MAX) >= 0) {
            err.println("pulling " + reference + ": " + summary(board));
            lastLine = now;
        }
    }

    private static String summary(LayerBoard board) {
        List<Layer> layers = board.layers();
        if (layers.isEmpty()) {
            return board.headline();
        }
        long done = layers.stream().filter(l -> l.stage() == Stage.DONE).count();
        long bytes = layers.stream().mapToLong(Layer::bytes).sum();
        long total = layers.stream().mapToLong(Layer::total).sum();
        String waiting = layers.stream()
                .filter(l -> l.stage() != Stage.DONE)
                .findFirst()
                .map(l -> "; layer " + Text.shortDigest(l.digest()) + " " + state(l))
                .orElse("");
        return done + " of " + layers.size() + " layers, " + Text.bytes(bytes) + " of " + Text.bytes(total) + waiting;
    }

    private static String state(Layer layer) {
        String state = switch (layer.stage()) {
            case WAITING -> "queued";
            case DOWNLOADING -> layer.host().isEmpty() ? "fetching" : "fetching from " + layer.host();
            case VERIFYING -> "verifying";
            case DOWNLOADED -> "here, not yet unpacked";
            case EXTRACTING -> "unpacking";
            case DONE -> "done";
        };
        return layer.waitingFor().isEmpty() ? state : state + ": " + layer.waitingFor();
    }

    @Override
    public void end(Instant now, LayerBoard board, boolean failed) {
        if (!failed) {
            tick(now, board);
        }
    }
}
