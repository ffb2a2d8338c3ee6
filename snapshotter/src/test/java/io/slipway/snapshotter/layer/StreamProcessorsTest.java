package io.slipway.snapshotter.layer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.Any;
import io.slipway.cas.ApiException;
import io.slipway.cas.ArrivalFailedException;
import io.slipway.cas.Descriptor;
import io.slipway.cas.Verdict;
import io.slipway.linux.ChildLimits;
import io.slipway.linux.Hasher;
import io.slipway.linux.Hashers;
import io.slipway.linux.Inflaters;
import io.slipway.linux.Poller;
import io.slipway.linux.Spawner;
import io.slipway.snapshotter.LayerQuota;
import io.slipway.snapshotter.tar.TarFormatException;
import io.slipway.snapshotter.testing.Blobs;
import io.slipway.snapshotter.testing.BytesArrival;
import io.vertx.core.json.JsonObject;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Random;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Layers through real programs.
@Timeout(60)
class StreamProcessorsTest {
    private static final String ENCRYPTED = Blobs.GZIP + "+encrypted";
    private static final String ARMOURED = ENCRYPTED + "+base64";
    private static final Duration PATIENT = Duration.ofSeconds(50);

    @TempDir
    Path dir;

    private Poller poller;

    @BeforeEach
    void start() throws IOException {
        poller = Poller.start("test");
    }

    @AfterEach
    void stop() {
        poller.close();
    }

    private static StreamProcessor processor(
            String id, String accepts, String returns, String program, String... args) {
        return new StreamProcessor(
                id, List.of(accepts), returns, Path.of(program), List.of(args), Map.of("LC_ALL", "C", "OWN", "yes"));
    }

    private static StreamProcessor script(String accepts, String returns, String script) {
        return processor("test", accepts, returns, "/bin/sh", "-c", script);
    }

    private static StreamProcessor decoder() {
        return processor(
                "decoder", ENCRYPTED, Blobs.GZIP, "/usr/bin/tr", "\\000-\\177\\200-\\377", "\\200-\\377\\000-\\177");
    }

    private Decompressors through(Duration stall, StreamProcessor... processors) {
        Spawner spawner = new Spawner(poller, new ChildLimits(OptionalLong.empty(), OptionalInt.empty()));
        Map<String, String> environment = Map.of("PATH", "/usr/bin:/bin", "SECRET", "of the daemon");
        return new Decompressors(
                Inflaters.best(),
                new Buffers(),
                new WorkGate(1),
                StreamProcessors.of(List.of(processors), spawner, environment, stall));
    }

    private static byte[] encrypted(byte[] plain) {
        byte[] bytes = plain.clone();
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] ^= (byte) 0x80;
        }
        return bytes;
    }

    private static byte[] noise(int size) {
        byte[] noise = new byte[size];
        new Random(5).nextBytes(noise);
        return noise;
    }

    private static byte[] all(Decompressor bytes) throws IOException, InterruptedException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (ByteBuffer run = bytes.next(); run != null; run = bytes.next()) {
            byte[] copy = new byte[run.remaining()];
            run.get(copy);
            out.writeBytes(copy);
        }
        return out.toByteArray();
    }

    private static byte[] read(Decompressors decompressors, String type, byte[] blob, Map<String, byte[]> payloads)
            throws IOException, InterruptedException {
        try (BytesArrival arrival = BytesArrival.whole(blob);
                Decompressor bytes = decompressors.open(arrival.descriptor(type), arrival, payloads)) {
            return all(bytes);
        }
    }

    private static String said(Decompressors decompressors, Map<String, byte[]> payloads) throws Exception {
        return new String(read(decompressors, ENCRYPTED, new byte[9], payloads), StandardCharsets.US_ASCII);
    }

    @Test
    void anEncryptedLayerGoesThroughItsDecoder() throws Exception {
        byte[] data = noise(5_000_000);
        assertThat(read(through(PATIENT, decoder()), ENCRYPTED, encrypted(Blobs.gzip(data)), Map.of()))
                .isEqualTo(data);
        assertThat(read(through(PATIENT, decoder()), Blobs.GZIP, Blobs.gzip(data), Map.of()))
                .isEqualTo(data);
    }

    @Test
    void processorsFormAChainAndTheLastThatAcceptsATypeHasIt() throws Exception {
        byte[] data = noise(3_000_000);
        byte[] armoured = Base64.getMimeEncoder().encode(encrypted(Blobs.gzip(data)));
        Decompressors chain = through(
                PATIENT,
                processor("wrong", ARMOURED, ENCRYPTED, "/bin/false"),
                decoder(),
                processor("base64", ARMOURED, ENCRYPTED, "/usr/bin/base64", "-di"));
        assertThat(read(chain, ARMOURED, armoured, Map.of())).isEqualTo(data);
    }

    @Test
    void aChainThatLeadsNowhereIsRefusedNamingTheType() {
        Decompressors circle = through(
                PATIENT,
                processor("to", ARMOURED, ENCRYPTED, "/bin/cat"),
                processor("fro", ENCRYPTED, ARMOURED, "/bin/cat"));
        refused(circle, ARMOURED, "lead to no type that can");
        refused(through(PATIENT, processor("to", ARMOURED, ENCRYPTED, "/bin/cat")), ARMOURED, "\"" + ENCRYPTED + "\"");
        refused(through(PATIENT), ENCRYPTED, "no stream processor accepts");
    }

    private static void refused(Decompressors decompressors, String type, String why) {
        assertThatThrownBy(() -> decompressors.require(type))
                .isInstanceOfSatisfying(
                        ApiException.class, e -> assertThat(e.code()).isEqualTo(ApiException.Code.UNIMPLEMENTED))
                .hasMessageContaining("layer media type \"" + type + "\" can't be unpacked")
                .hasMessageContaining(why);
    }

    @Test
    void thePayloadIsOnDescriptorThree() throws Exception {
        Decompressors payload = through(PATIENT, script(ENCRYPTED, Blobs.PLAIN, "cat >/dev/null; cat <&3"));
        byte[] large = "payload".repeat(100_000).getBytes(StandardCharsets.US_ASCII);
        assertThat(said(payload, Map.of("test", large, "other", new byte[3])).getBytes(StandardCharsets.US_ASCII))
                .isEqualTo(large);
        assertThat(said(payload, Map.of())).isEmpty();
        assertThat(said(
                        through(PATIENT, script(ENCRYPTED, Blobs.PLAIN, "cat >/dev/null; echo /proc/self/fd/*")),
                        Map.of()))
                .contains("/proc/self/fd/3");
    }

    /// What `ctd-decoder` unmarshals: the descriptor's annotations hold the wrapped keys.
    @Test
    void ocicryptsDecodersAreToldTheLayersDescriptor() throws Exception {
        StreamProcessor decoder = processor(
                "io.containerd.ocicrypt.decoder.v1.tar.gzip",
                ENCRYPTED,
                Blobs.PLAIN,
                "/bin/sh",
                "-c",
                "cat >/dev/null; cat <&3");
        byte[] got;
        try (BytesArrival arrival = BytesArrival.whole(new byte[7])) {
            Descriptor layer = new Descriptor(ENCRYPTED, arrival.digest(), 7, Map.of("org.enc.keys", "wrapped"));
            try (Decompressor bytes = through(PATIENT, decoder).open(layer, arrival, Map.of())) {
                got = all(bytes);
            }
            Any payload = Any.parseFrom(got);
            assertThat(payload.getTypeUrl()).isEqualTo("io.containerd.ocicrypt.v1.Payload");
            JsonObject json = new JsonObject(payload.getValue().toStringUtf8());
            assertThat(json.getJsonObject("DecryptConfig").getJsonObject("Parameters"))
                    .isEmpty();
            assertThat(json.getJsonObject("Descriptor").getMap())
                    .containsEntry("mediaType", ENCRYPTED)
                    .containsEntry("digest", arrival.digest().toString())
                    .containsEntry("size", 7)
                    .containsEntry("annotations", Map.of("org.enc.keys", "wrapped"));
        }
    }

    @Test
    void aProcessorSeesItsMediaTypeAndNoSecrets() throws Exception {
        String environment =
                said(through(PATIENT, script(ENCRYPTED, Blobs.PLAIN, "cat >/dev/null; exec env")), Map.of());
        assertThat(environment.lines())
                .contains("STREAM_PROCESSOR_MEDIATYPE=" + ENCRYPTED, "OWN=yes", "LC_ALL=C", "PATH=/usr/bin:/bin")
                .noneMatch(line -> line.contains("SECRET"));
    }

    @Test
    void aProcessorThatFailsIsNamedWithTheEndOfWhatItSaid() {
        Decompressors failing = through(
                PATIENT,
                script(
                        ENCRYPTED,
                        Blobs.GZIP,
                        "i=0; while [ $i -lt 900 ]; do echo chatter; i=$((i+1)); done >&2; echo no key >&2; exit 3"));
        assertThatThrownBy(() -> read(failing, ENCRYPTED, noise(2_000_000), Map.of()))
                .isInstanceOf(ProcessorException.class)
                .hasMessageContaining("stream processor \"test\" (/bin/sh) exited with 3: ...")
                .hasMessageEndingWith("chatter\nno key")
                .satisfies(e -> assertThat(String.valueOf(e.getMessage())).hasSizeLessThan(5000));
        Decompressors late =
                through(PATIENT, script(ENCRYPTED, Blobs.GZIP, "tr '\\000-\\377' '\\200-\\377\\000-\\177'; exit 4"));
        assertThatThrownBy(() -> read(late, ENCRYPTED, encrypted(Blobs.gzip(noise(500_000))), Map.of()))
                .isInstanceOf(ProcessorException.class)
                .hasMessageContaining("exited with 4");
        Decompressors second = through(PATIENT, script(ARMOURED, ENCRYPTED, "exit 5"), decoder());
        assertThatThrownBy(() -> read(second, ARMOURED, new byte[99], Map.of()))
                .isInstanceOf(ProcessorException.class)
                .hasMessageContaining("\"test\"")
                .hasMessageContaining("exited with 5");
    }

    @Test
    void aProgramThatIsGoneIsNamed() {
        Decompressors gone = through(PATIENT, processor("gone", ENCRYPTED, Blobs.GZIP, dir + "/gone"));
        assertThatThrownBy(() -> read(gone, ENCRYPTED, new byte[9], Map.of()))
                .isInstanceOf(ProcessorException.class)
                .hasMessageContaining("\"gone\"")
                .hasMessageContaining(dir + "/gone");
    }

    @Test
    void garbageOutOfAProcessorIsADamagedLayer() throws Exception {
        Decompressors garbage = through(PATIENT, script(ENCRYPTED, Blobs.GZIP, "cat"));
        try (BytesArrival arrival = BytesArrival.whole(noise(100_000));
                Decompressor bytes = garbage.open(arrival.descriptor(ENCRYPTED), arrival, Map.of());
                Hasher hasher = Hashers.jdk().open("sha256");
                DiscardSink sink = new DiscardSink()) {
            LayerStream stream = new LayerStream(bytes, hasher, LayerQuota.DEFAULT, _ -> {});
            assertThatThrownBy(() -> LayerApply.run(stream, sink, LayerQuota.DEFAULT))
                    .isInstanceOf(TarFormatException.class);
        }
    }

    @Test
    void aProcessorThatHangsIsKilledWithItsChildren() throws Exception {
        Path pids = dir.resolve("pids");
        String hang = "sleep 1000 & echo $! $$ > " + pids + "; wait";
        Decompressors hanging = through(Duration.ofMillis(700), script(ENCRYPTED, Blobs.GZIP, hang));
        assertThatThrownBy(() -> read(hanging, ENCRYPTED, noise(2_000_000), Map.of()))
                .isInstanceOf(ProcessorException.class)
                .hasMessageContaining("\"test\"")
                .hasMessageContaining("has moved nothing for");
        assertGone(pids);
    }

    @Test
    void aProcessorMayRestWhileTheBytesAreStillArriving() throws Exception {
        byte[] data = noise(300_000);
        byte[] blob = encrypted(Blobs.gzip(data));
        Decompressors impatient = through(Duration.ofMillis(200), decoder());
        try (BytesArrival arrival = BytesArrival.pending(blob)) {
            FutureTask<byte[]> reading = new FutureTask<>(() -> {
                try (Decompressor bytes = impatient.open(arrival.descriptor(ENCRYPTED), arrival, Map.of())) {
                    return all(bytes);
                }
            });
            Thread.ofPlatform().start(reading);
            arrival.land(100_000);
            // Several times the limit: nothing may happen in it.
            assertThatThrownBy(() -> reading.get(1, TimeUnit.SECONDS))
                    .isInstanceOf(java.util.concurrent.TimeoutException.class);
            arrival.land(blob.length);
            assertThat(reading.get()).isEqualTo(data);
        }
    }

    @Test
    void aFailedFetchIsToldAsSuch() throws Exception {
        byte[] blob = encrypted(Blobs.gzip(noise(300_000)));
        try (BytesArrival arrival = BytesArrival.pending(blob)) {
            arrival.land(150_000);
            arrival.decide(new Verdict.Failed(new IOException("the registry left")));
            Decompressors decompressors = through(PATIENT, decoder());
            assertThatThrownBy(() -> {
                        try (Decompressor bytes =
                                decompressors.open(arrival.descriptor(ENCRYPTED), arrival, Map.of())) {
                            byte[] _ = all(bytes);
                        }
                    })
                    .isInstanceOf(ArrivalFailedException.class);
        }
    }

    @Test
    void whoeverIsInterruptedLeavesNoProcessBehind() throws Exception {
        Path pids = dir.resolve("pids");
        Decompressors decompressors =
                through(PATIENT, script(ENCRYPTED, Blobs.GZIP, "echo $$ > " + pids + "; exec cat"));
        try (BytesArrival arrival = BytesArrival.pending(new byte[10])) {
            FutureTask<byte[]> reading = new FutureTask<>(() -> {
                try (Decompressor bytes = decompressors.open(arrival.descriptor(ENCRYPTED), arrival, Map.of())) {
                    return all(bytes);
                }
            });
            Thread reader = Thread.ofPlatform().start(reading);
            while (!Files.exists(pids) || Files.readString(pids).isBlank()) {
                Thread.onSpinWait();
            }
            reader.interrupt();
            assertThatThrownBy(reading::get).hasCauseInstanceOf(InterruptedException.class);
            assertGone(pids);
        }
    }

    private static void assertGone(Path pids) throws IOException {
        for (String pid : Arrays.asList(Files.readString(pids).strip().split(" "))) {
            // An orphan that was killed is reaped by init, whenever that has the time.
            while (Files.exists(Path.of("/proc", pid))
                    && !Files.readString(Path.of("/proc", pid, "stat")).contains(") Z ")) {
                Thread.onSpinWait();
            }
        }
    }
}
