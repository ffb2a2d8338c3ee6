package io.slipway.daemon.log;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.Logger;
import org.slf4j.event.Level;

class LogLineTest {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final LogSink sink = new LogSink(
            new PrintStream(bytes, true, StandardCharsets.UTF_8),
            Clock.fixed(Instant.parse("2026-11-20T15:04:05.123456Z"), ZoneOffset.UTC));
    private final LineLoggers loggers = new LineLoggers(sink);
    private final Logger log = loggers.getLogger("io.slipway.Thing");

    @BeforeEach
    void startWithJson() {
        sink.format(LogFormat.JSON);
    }

    @Test
    void jsonHasTheFixedFieldsFirstAndThenTheEventsOwn() {
        log.atWarn()
                .setCause(new IOException("disk full"))
                .addKeyValue("size_bytes", 7)
                .addKeyValue("layers", List.of("a", "b"))
                .log("Cannot write");

        assertThat(written())
                .isEqualTo("{\"time\":\"2026-11-20T15:04:05.123456Z\",\"level\":\"warn\",\"msg\":\"Cannot write\","
                        + "\"error\":\"disk full\",\"size_bytes\":7,\"layers\":[\"a\",\"b\"]}\n");
    }

    @Test
    void textIsOneReadableLine() {
        sink.format(LogFormat.TEXT);

        log.atInfo()
                .addKeyValue("image", "busybox")
                .addKeyValue("why", "two words")
                .log("Pulled {}", "it");

        assertThat(written()).isEqualTo("15:04:05.123 INFO  Pulled it image=busybox why=\"two words\"\n");
    }

    @Test
    void hostileTextStaysOnItsLineAndIsValidJson() throws IOException {
        String hostile = "a\nb\u001b[2J\"\\\ud800\u0000\u0085é\ud83d\ude00";
        log.atError()
                .setCause(new IllegalStateException(hostile))
                .addKeyValue("name\n", hostile)
                .addKeyValue("level", Double.NaN)
                .log(hostile);

        String line = written();
        assertThat(line.lines()).hasSize(1);
        JsonNode json = new ObjectMapper().readTree(line);
        assertThat(json.get("msg").asText()).isEqualTo(hostile);
        assertThat(json.get("level").asText()).isEqualTo("error");
        assertThat(json.get("level_").asText()).isEqualTo("NaN");
        assertThat(json.get("stack").asText()).contains("LogLineTest");

        bytes.reset();
        sink.format(LogFormat.TEXT);
        log.info(hostile);
        assertThat(written().lines()).hasSize(1);
        assertThat(written()).doesNotContain("\u001b");
    }

    @Test
    void levelAppliesFromTheNextLineOn() {
        log.debug("no");
        sink.level(Level.DEBUG);
        log.debug("yes");
        loggers.getLogger("io.netty.buffer.PoolChunk").debug("libraries only with trace");
        sink.level(Level.ERROR);
        log.warn("no");

        assertThat(written().lines()).singleElement().asString().contains("\"msg\":\"yes\"");
    }

    @Test
    void linesOfManyThreadsNeverMix() throws Exception {
        List<Thread> threads = new ArrayList<>();
        for (int t = 0; t < 8; t++) {
            threads.add(Thread.ofPlatform().start(() -> {
                for (int i = 0; i < 200; i++) {
                    log.atInfo().addKeyValue("filler", "x".repeat(100)).log("line");
                }
            }));
        }
        for (Thread thread : threads) {
            thread.join();
        }

        assertThat(written().lines())
                .hasSize(1600)
                .allMatch(line -> line.startsWith("{\"time\"") && line.endsWith("\"}"));
    }

    private String written() {
        return bytes.toString(StandardCharsets.UTF_8);
    }
}
