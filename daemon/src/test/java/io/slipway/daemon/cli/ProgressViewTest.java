package io.slipway.daemon.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.slipway.api.types.Descriptor;
import io.slipway.api.types.transfer.Progress;
import io.slipway.puller.ProgressAnnotations;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import org.junit.jupiter.api.Test;

final class ProgressViewTest {
    private static final Instant T = Instant.parse("2026-11-20T12:00:00Z");
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final PrintStream err = new PrintStream(bytes, true, StandardCharsets.UTF_8);
    private final LayerBoard board = new LayerBoard(true);

    private void say(char layer, String event, long progress, long total) {
        board.apply(Progress.newBuilder()
                .setName("layer-sha256:" + String.valueOf(layer).repeat(64))
                .setEvent(event)
                .setProgress(progress)
                .setTotal(total)
                .build());
    }

    private void say(char layer, String event, long progress, String state, String host, String waitingFor) {
        board.apply(Progress.newBuilder()
                .setName("layer-sha256:" + String.valueOf(layer).repeat(64))
                .setEvent(event)
                .setProgress(progress)
                .setTotal(1000)
                .setDesc(Descriptor.newBuilder()
                        .putAnnotations(ProgressAnnotations.STATE, state)
                        .putAnnotations(ProgressAnnotations.HOST, host)
                        .putAnnotations(ProgressAnnotations.WAITING_FOR, waitingFor))
                .build());
    }

    private String printed() {
        String text = bytes.toString(StandardCharsets.UTF_8);
        bytes.reset();
        return text;
    }

    @Test
    void linesComeForFinishedLayersAndEveryThirtySecondsOfSilence() {
        LinesView view = new LinesView(err, "ref", T);
        say('a', "downloading", 10, 1000);
        say('b', "waiting", 0, 500);
        view.tick(T.plusSeconds(1), board);
        assertThat(printed()).isEmpty();
        say('a', "complete", 1000, 1000);
        view.tick(T.plusSeconds(2), board);
        assertThat(printed()).as("downloaded is not unpacked").isEmpty();
        say('a', "extracted", 0, 0);
        view.tick(T.plusSeconds(3), board);
        view.tick(T.plusSeconds(4), board);
        assertThat(printed()).isEqualTo("layer sha256:aaaaaaaaaaaa 1.0 kB done\n");
        view.tick(T.plusSeconds(32), board);
        assertThat(printed()).isEmpty();
        view.tick(T.plusSeconds(33), board);
        assertThat(printed())
                .isEqualTo("pulling ref: 1 of 2 layers, 1.0 kB of 1.5 kB; layer sha256:bbbbbbbbbbbb queued\n");
        view.tick(T.plusSeconds(34), board);
        assertThat(printed()).isEmpty();
        board.finish();
        view.end(T.plusSeconds(35), board, false);
        assertThat(printed()).isEqualTo("layer sha256:bbbbbbbbbbbb 500 B done\n");
    }

    @Test
    void beforeTheFirstLayerTheHeadlineIsShown() {
        LinesView view = new LinesView(err, "ref", T);
        board.apply(Progress.newBuilder().setEvent("Resolving from\nhost").build());
        view.tick(T.plusSeconds(30), board);
        assertThat(printed()).isEqualTo("pulling ref: Resolving from host\n");
    }

    @Test
    void aLayerThatWaitsSaysWhereItIsAndWhy() {
        LinesView view = new LinesView(err, "ref", T);
        say('a', "waiting", 0, "queued", "", "waiting for a download slot");
        view.tick(T.plusSeconds(30), board);
        say('a', "downloading", 500, "fetching", "registry.test", "registry.test stalled; asking again\n");
        view.tick(T.plusSeconds(60), board);
        say('a', "downloading", 600, "fetching", "registry.test", "");
        view.tick(T.plusSeconds(90), board);
        say('a', "downloading", 1000, "verifying", "registry.test", "");
        view.tick(T.plusSeconds(120), board);
        say('a', "extracting", 0, "unpacking", "registry.test", "");
        view.tick(T.plusSeconds(150), board);
        String layer = " of 1.0 kB; layer sha256:aaaaaaaaaaaa ";
        assertThat(printed().lines().map(line -> line.replaceFirst("^pulling ref: 0 of 1 layers, ", "")))
                .containsExactly(
                        "0 B" + layer + "queued: waiting for a download slot",
                        "500 B" + layer + "fetching from registry.test: registry.test stalled; asking again",
                        "600 B" + layer + "fetching from registry.test",
                        "1.0 kB" + layer + "verifying",
                        "1.0 kB" + layer + "unpacking");
    }

    @Test
    void aBarShowsTheSourceOrWhyItStands() {
        BarsView view = new BarsView(err, 120);
        say('a', "waiting", 0, "queued", "", "waiting for a download slot");
        view.tick(T, board);
        assertThat(printed()).endsWith("] 0 B/1.0 kB waiting for a download slot\n");
        say('a', "downloading", 500, "fetching", "registry.test", "");
        view.tick(T.plusSeconds(1), board);
        assertThat(printed()).endsWith("] 500 B/1.0 kB 500 B/s from registry.test\n");
        say('a', "downloading", 500, "fetching", "registry.test", "registry.test stalled; asking again");
        view.tick(T.plusSeconds(2), board);
        assertThat(printed()).endsWith("] 500 B/1.0 kB registry.test stalled; asking again\n");
    }

    @Test
    void barsAreRedrawnInPlaceAndFinishedLayersScrollUp() {
        BarsView view = new BarsView(err, 120);
        say('a', "downloading", 500, 1000);
        view.tick(T, board);
        assertThat(printed())
                .isEqualTo("\r\u001b[Jsha256:aaaaaaaaaaaa [============            ] 500 B/1.0 kB 0 B/s\n");
        say('a', "downloading", 750, 1000);
        view.tick(T.plusSeconds(1), board);
        assertThat(printed())
                .isEqualTo("\u001b[1A\r\u001b[Jsha256:aaaaaaaaaaaa [==================      ] 750 B/1.0 kB 250 B/s\n");
        say('a', "extracted", 0, 0);
        view.tick(T.plusSeconds(2), board);
        assertThat(printed())
                .isEqualTo("\u001b[1A\r\u001b[Jsha256:aaaaaaaaaaaa [========================] 1.0 kB/1.0 kB done\n");
        view.end(T.plusSeconds(3), board, false);
        assertThat(printed()).doesNotContain("sha256:");
    }

    @Test
    void barsNeverExceedTheScreen() {
        BarsView view = new BarsView(err, 40);
        for (char layer = 'a'; layer < 'a' + 26; layer++) {
            say(layer, "downloading", 1, 1000);
        }
        view.tick(T, board);
        assertThat(printed().lines())
                .hasSize(18)
                .allSatisfy(line -> assertThat(line.replace("\u001b[J", "")).hasSizeLessThan(41));
    }

    @Test
    void aFailedPullLeavesNoBarBehind() {
        BarsView view = new BarsView(err, 80);
        say('a', "downloading", 1, 2);
        view.tick(T, board);
        printed();
        view.end(T, board, true);
        assertThat(printed()).isEqualTo("\u001b[1A\r\u001b[J");
    }

    @Test
    void unpackingThatOverlapsTheDownloadDoesNotGoBack() {
        say('a', "extracting", 0, 100);
        say('a', "complete", 100, 100);
        assertThat(board.layers().getFirst().stage()).isEqualTo(LayerBoard.Stage.EXTRACTING);
        say('a', "extracted", 0, 100);
        say('a', "complete", 100, 100);
        assertThat(board.layers().getFirst().stage()).isEqualTo(LayerBoard.Stage.DONE);
    }

    @Test
    void layersBeyondTheBoundAreNotKept() {
        for (int i = 0; i < 2000; i++) {
            board.apply(Progress.newBuilder().setName("layer-" + i).build());
        }
        assertThat(board.layers()).hasSize(1000);
    }
}
