package io.slipway.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import io.slipway.cas.ScrubObserver;
import io.slipway.mirror.MirrorMetrics.Answer;
import io.slipway.mirror.MirrorMetrics.Kind;
import io.slipway.mirror.MirrorMetrics.Source;
import io.slipway.runtime.RuntimeCounts;
import io.slipway.runtime.TaskState;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class MetersTest {
    private final Readiness readiness = new Readiness();
    private final Meters meters = new Meters(new Version("1", "r"), Duration.ofSeconds(3), readiness);

    @Test
    void containersAndTasksHaveSeriesFromTheStartAndFollowTheRuntime() {
        assertThat(meters.scrape())
                .contains("containerd_container_count{namespace=\"default\"} 0.0")
                .contains("containerd_task_count{state=\"running\"} 0.0");

        meters.runtime(() -> new RuntimeCounts(Map.of("k8s.io", 3L), Map.of(TaskState.RUNNING, 2L)));

        assertThat(meters.scrape())
                .contains("containerd_container_count{namespace=\"k8s.io\"} 3.0")
                .contains("containerd_task_count{state=\"running\"} 2.0");
    }

    @Test
    void pullsAreTimedWhenTheySucceedAndCountedEitherWay() {
        meters.pullFinished(Duration.ofMillis(700), Optional.empty());
        meters.pullFinished(Duration.ofMillis(5), Optional.of("NOT_FOUND"));

        assertThat(meters.scrape())
                .contains("containerd_image_pull_duration_seconds_bucket{le=\"0.5\"} 0")
                .contains("containerd_image_pull_duration_seconds_bucket{le=\"1.0\"} 1")
                .contains("containerd_image_pull_duration_seconds_count 1")
                .contains("slipway_pulls_total{result=\"done\"} 1.0")
                .contains("slipway_pulls_total{result=\"not_found\"} 1.0");
    }

    @Test
    void badBlobsHaveSeriesFromTheStartAndAreCounted() {
        assertThat(meters.scrape()).contains("slipway_scrub_blobs_total{result=\"corrupt\"} 0.0");

        meters.read(4096);
        meters.checked(ScrubObserver.Outcome.CORRUPT);

        assertThat(meters.scrape())
                .contains("slipway_scrub_read_bytes_total 4096.0")
                .contains("slipway_scrub_blobs_total{result=\"corrupt\"} 1.0")
                .contains("slipway_scrub_blobs_total{result=\"good\"} 0.0");
    }

    @Test
    void hostsBeyondTheBoundShareOneSeries() {
        for (int i = 0; i < 60; i++) {
            meters.received("host" + i, 10);
        }

        assertThat(meters.scrape().lines().filter(l -> l.startsWith("slipway_registry_received_bytes_total{")))
                .hasSize(51)
                .contains("slipway_registry_received_bytes_total{host=\"other\"} 100.0");
    }

    @Test
    void whatTheMirrorAnsweredAndReadinessAreSeen() {
        meters.answered(new Answer(Kind.BLOB, 200, Source.HIT, 42, true, Duration.ofMillis(1)));
        meters.hostsFileIgnored(Path.of("/x"));

        assertThat(meters.scrape())
                .contains("slipway_mirror_sent_bytes_total{kind=\"blob\",source=\"hit\"} 42.0")
                .contains("complete=\"true\",kind=\"blob\",source=\"hit\",status=\"200\"} 1.0")
                .contains("slipway_hosts_files_ignored_total 1.0")
                .contains("slipway_ready 0.0");

        readiness.answers("daemon");
        assertThat(meters.scrape()).contains("slipway_ready 1.0");
    }
}
