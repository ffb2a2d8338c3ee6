package io.slipway.daemon.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.slipway.daemon.lab.LabImage;
import io.slipway.daemon.lab.LabProcess;
import io.slipway.daemon.lab.LabRegistry;
import io.slipway.daemon.lab.Leaks;
import io.slipway.daemon.lab.PackagedDaemon;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/// An image with layers of `+encrypted` media types, through the packaged daemon with and without a decoder.
@Tag("root")
@Tag("peer")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class EncryptedImageTest {
    private static final String TYPE = "application/vnd.oci.image.layer.v1.tar+gzip+encrypted";
    private static final String FLIP = "exec tr '\\\\000-\\\\177\\\\200-\\\\377' '\\\\200-\\\\377\\\\000-\\\\177'";

    private Path work;
    private Leaks before;
    private LabRegistry registry;
    private String image;

    @BeforeAll
    void start(@TempDir Path directory) throws Exception {
        work = directory;
        before = Leaks.now();
        registry = LabRegistry.start(work);
        image = registry.push(LabImage.encrypted(work.resolve("images")), "lab/encrypted");
    }

    @AfterAll
    void stop() throws Exception {
        registry.close();
        before.assertNothingNew();
    }

    private PackagedDaemon daemon(String name, String script) throws Exception {
        Path config = Files.writeString(work.resolve(name + ".toml"), """
                version = 3
                [stream_processors.flip]
                accepts = ["%s"]
                returns = "application/vnd.oci.image.layer.v1.tar+gzip"
                path = "sh"
                args = ["-c", "%s"]
                env = ["LC_ALL=C"]
                """.formatted(TYPE, script));
        return PackagedDaemon.start(work.resolve(name), "--mirror-address", "off", "--config", config.toString());
    }

    @Test
    void withItsDecoderItRuns() throws Exception {
        try (PackagedDaemon daemon = daemon("with", FLIP)) {
            daemon.checkSlipway("pull", image);
            assertThat(daemon.checkSlipway("run", "--rm", image, "/bin/sh", "-c", "echo decoded"))
                    .isEqualTo("decoded\n");
            assertThat(daemon.process().stop()).isZero();
        }
    }

    @Test
    void aDecoderThatFailsIsNamed() throws Exception {
        try (PackagedDaemon daemon = daemon("failing", "echo no key for this layer >&2; exit 3")) {
            LabProcess.Result pull = daemon.slipway("pull", image);
            assertThat(pull.exit()).isEqualTo(1);
            assertThat(pull.stderr())
                    .contains("stream processor \"flip\"")
                    .contains("exited with 3: no key for this layer");
            assertThat(daemon.process().stop()).isZero();
        }
    }

    @Test
    void withoutADecoderTheMediaTypeIsNamed() throws Exception {
        try (PackagedDaemon daemon = PackagedDaemon.start(work.resolve("without"), "--mirror-address", "off")) {
            LabProcess.Result pull = daemon.slipway("pull", image);
            assertThat(pull.exit()).isNotZero();
            assertThat(pull.stderr()).contains("layer media type \"" + TYPE + "\" can't be unpacked");
            assertThat(daemon.process().stop()).isZero();
        }
    }
}
