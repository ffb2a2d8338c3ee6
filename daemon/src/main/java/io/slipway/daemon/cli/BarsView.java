package io.slipway.daemon.cli;

import io.slipway.daemon.cli.LayerBoard.Layer;
import io.slipway.daemon.cli.LayerBoard.Stage;
import java.io.PrintStream;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// For a person at a terminal: a bar for each layer that is under way, redrawn in place; finished layers scroll up.
final class BarsView implements ProgressView {
    /// Bars shown at once; further layers are counted in one line.
    private static final int BARS_MAX = 16;

    private static final int BAR_COLUMNS = 24;
    private static final String CLEAR_BELOW = "\r\u001b[J";

    private record Mark(Instant at, long bytes) {}

    private final PrintStream err;
    private final int columns;
    private final Set<String> finished = new HashSet<>();
    private final Map<String, Mark> marks = new HashMap<>();
    private final Map<String, Double> rates = new HashMap<>();
    private int drawn;

    BarsView(PrintStream err, int columns) {
        this.err = err;
        this.columns = columns;
    }

    @Override
    public void tick(Instant now, LayerBoard board) {
        List<String> scrolled = new ArrayList<>();
        List<String> bars = new ArrayList<>();
        int hidden = 0;
        List<Layer> layers = board.layers();
        for (Layer layer : layers) {
            if (layer.stage() == Stage.DONE) {
                if (finished.add(layer.digest())) {
                    scrolled.add(line(layer, "done" + (layer.here() ? " (was here)" : "")));
                }
            } else if (bars.size() < BARS_MAX) {
                bars.add(line(layer, state(layer, rate(now, layer))));
            } else {
                hidden++;
            }
        }
        if (hidden > 0) {
            bars.add("and " + hidden + " more layers");
        }
        if (layers.isEmpty()) {
            bars.add(board.headline());
        }
        draw(scrolled, bars);
    }

    @Override
    public void end(Instant now, LayerBoard board, boolean failed) {
        if (!failed) {
            tick(now, board);
        }
        draw(List.of(), List.of());
    }

    private void draw(List<String> scrolled, List<String> bars) {
        StringBuilder frame = new StringBuilder();
        if (drawn > 0) {
            frame.append("\u001b[").append(drawn).append('A');
        }
        frame.append(CLEAR_BELOW);
        scrolled.forEach(text -> frame.append(cut(text)).append('\n'));
        bars.forEach(text -> frame.append(cut(text)).append('\n'));
        drawn = bars.size();
        err.print(frame);
        err.flush();
    }

    private String cut(String text) {
        return text.length() < columns ? text : text.substring(0, columns - 1);
    }

    private static String line(Layer layer, String state) {
        long whole = Math.max(1, layer.total());
        int filled = layer.total() <= 0 && layer.stage() != Stage.DONE
                ? 0
                : (int) (BAR_COLUMNS * Math.min(layer.stage() == Stage.DONE ? whole : layer.bytes(), whole) / whole);
        return Text.shortDigest(layer.digest()) + " [" + "=".repeat(filled) + " ".repeat(BAR_COLUMNS - filled) + "] "
                + Text.bytes(layer.bytes())
                + (layer.total() > 0 ? "/" + Text.bytes(layer.total()) : "") + " " + state;
    }

    private static String state(Layer layer, double rate) {
        if (!layer.waitingFor().isEmpty()) {
            return layer.waitingFor();
        }
        return switch (layer.stage()) {
            case WAITING -> "queued";
            case DOWNLOADING ->
                Text.bytes((long) rate) + "/s" + (layer.host().isEmpty() ? "" : " from " + layer.host());
            case VERIFYING -> "verifying";
            case DOWNLOADED -> "here, not yet unpacked";
            case EXTRACTING -> "unpacking";
            case DONE -> "done";
        };
    }

    /// Bytes per second, smoothed over about two seconds.
    private double rate(Instant now, Layer layer) {
        Mark last = marks.get(layer.digest());
        double before = rates.getOrDefault(layer.digest(), 0.0);
        if (last == null) {
            marks.put(layer.digest(), new Mark(now, layer.bytes()));
            return 0;
        }
        double seconds = Duration.between(last.at(), now).toMillis() / 1000.0;
        if (seconds < 0.3) {
            return before;
        }
        double current = (layer.bytes() - last.bytes()) / seconds;
        double share = Math.min(1, seconds / 2);
        double rate = before == 0 ? current : before * (1 - share) + current * share;
        marks.put(layer.digest(), new Mark(now, layer.bytes()));
        rates.put(layer.digest(), rate);
        return rate;
    }
}
