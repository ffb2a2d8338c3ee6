package io.slipway.daemon.cli;

import io.slipway.api.types.transfer.Progress;
import io.slipway.puller.ProgressAnnotations;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// What is known of the layers of a pull, fed by the daemon's progress messages. Thread-safe.
final class LayerBoard {
    private static final String LAYER = "layer-";
    /// More than any manifest has; what the daemon says beyond it is not shown.
    private static final int LAYERS_MAX = 1000;

    /// How far a layer has come.
    enum Stage {
        WAITING,
        DOWNLOADING,
        VERIFYING,
        DOWNLOADED,
        EXTRACTING,
        DONE
    }

    /// One layer.
    ///
    /// @param digest its name
    /// @param stage how far it has come
    /// @param bytes how many have arrived
    /// @param total size, 0 when unknown
    /// @param host where its bytes come from, empty when none do yet
    /// @param waitingFor why no bytes move, empty when they do or when the daemon does not say
    /// @param here whether it was in the store already
    record Layer(String digest, Stage stage, long bytes, long total, String host, String waitingFor, boolean here) {}

    private final Map<String, Layer> layers = new LinkedHashMap<>();
    private final boolean unpacking;
    private String headline = "resolving";

    /// @param unpacking whether a layer is done only when it is unpacked
    LayerBoard(boolean unpacking) {
        this.unpacking = unpacking;
    }

    /// Takes in one message.
    synchronized void apply(Progress progress) {
        String name = progress.getName();
        if (!name.startsWith(LAYER)) {
            if (name.isEmpty() && !progress.getEvent().isEmpty()) {
                headline = Text.oneLine(progress.getEvent());
            }
            return;
        }
        String digest = Text.oneLine(name.substring(LAYER.length()));
        Layer before = layers.get(digest);
        if (before == null && layers.size() == LAYERS_MAX) {
            return;
        }
        String event = Text.oneLine(progress.getEvent());
        boolean verifying = said(progress, ProgressAnnotations.STATE).equals("verifying");
        Stage stage = stage(verifying ? "verifying" : event, before == null ? Stage.WAITING : before.stage());
        long total = progress.getTotal() > 0
                ? progress.getTotal()
                : progress.getDesc().getSize() > 0 ? progress.getDesc().getSize() : before == null ? 0 : before.total();
        long bytes = stage.compareTo(Stage.DOWNLOADED) >= 0 && total > 0
                ? total
                : Math.max(progress.getProgress(), before == null ? 0 : before.bytes());
        boolean here = event.equals("already exists") || (before != null && before.here());
        layers.put(
                digest,
                new Layer(
                        digest,
                        stage,
                        bytes,
                        total,
                        said(progress, ProgressAnnotations.HOST),
                        said(progress, ProgressAnnotations.WAITING_FOR),
                        here));
    }

    private static String said(Progress progress, String annotation) {
        return Text.oneLine(progress.getDesc().getAnnotationsOrDefault(annotation, ""));
    }

    private Stage stage(String event, Stage before) {
        Stage said = switch (event) {
            case "downloading" -> Stage.DOWNLOADING;
            case "verifying" -> Stage.VERIFYING;
            case "complete", "already exists" -> unpacking ? Stage.DOWNLOADED : Stage.DONE;
            case "extracting" -> Stage.EXTRACTING;
            case "extracted" -> Stage.DONE;
            case "waiting" -> Stage.WAITING;
            default -> before;
        };
        // Messages about fetching and about unpacking overlap when a layer is unpacked while it arrives.
        boolean overlap = said == Stage.DOWNLOADED && before == Stage.EXTRACTING;
        return before == Stage.DONE || overlap ? before : said;
    }

    /// Everything that is there is done: the pull succeeded.
    synchronized void finish() {
        layers.replaceAll((_, layer) -> new Layer(
                layer.digest(),
                Stage.DONE,
                Math.max(layer.bytes(), layer.total()),
                layer.total(),
                layer.host(),
                "",
                layer.here()));
    }

    /// The layers in the order in which they were first heard of.
    synchronized List<Layer> layers() {
        return new ArrayList<>(layers.values());
    }

    /// What the pull as a whole is at.
    synchronized String headline() {
        return headline;
    }
}
