package io.slipway.daemon.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.slipway.daemon.lab.HugeArchive;
import io.slipway.daemon.lab.LabProcess;
import io.slipway.daemon.lab.PackagedDaemon;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// One blob far larger than the daemon's memory, each way it can come in: 1 GiB, and 6 GiB with
/// `-Dslipway.nightly=true`. The daemon has its packaged memory settings.
@Tag("root")
@Tag("peer")
final class HugeBlobMemoryTest {
    private static final long BLOB_BYTES = Boolean.getBoolean("slipway.nightly") ? 6L << 30 : 1L << 30;
    private static final long RESIDENT_KIB_MAX = 256 << 10;
    /// Bytes a second that the slowest disk of a test machine takes.
    private static final long LIMIT_S = 60 + BLOB_BYTES / (8 << 20);

    private static final Pattern PEAK = Pattern.compile("VmHWM:\\s+(\\d+) kB");

    @TempDir
    Path work;

    private PackagedDaemon daemon;

    @SuppressWarnings("NullAway.Init")
    HugeBlobMemoryTest() {}

    @BeforeEach
    void start() throws Exception {
        daemon = PackagedDaemon.start(work.resolve("slipway"), "--mirror-address", "off");
    }

    @AfterEach
    void stop() {
        daemon.close();
    }

    @Test
    void anIngestOfCtrFits() throws Exception {
        sh("head -c " + BLOB_BYTES + " /dev/zero | ctr --address " + daemon.socket()
                + " content ingest --expected-size " + BLOB_BYTES + " huge");
        assertPeak();
    }

    @Test
    void anImportOfCtrFits() throws Exception {
        HugeArchive archive = HugeArchive.write(work.resolve("huge.tar"), BLOB_BYTES);
        sh("ctr --address " + daemon.socket() + " images import --no-unpack --base-name example.com/huge "
                + archive.path());
        assertThat(daemon.holds(archive.layer())).isTrue();
        assertPeak();
    }

    @Test
    void loadAndSaveFit() throws Exception {
        HugeArchive archive = HugeArchive.write(work.resolve("huge.tar"), BLOB_BYTES);
        sh(String.join(" ", daemon.commandLine("load", "--no-unpack", "--name", "example.com/huge")) + " < "
                + archive.path());
        assertThat(daemon.holds(archive.layer())).isTrue();
        sh(String.join(" ", daemon.commandLine("save", "example.com/huge:v1")) + " > /dev/null");
        assertPeak();
    }

    private static void sh(String script) throws IOException, InterruptedException {
        LabProcess.Result result = LabProcess.run(LIMIT_S, Map.of(), List.of("bash", "-o", "pipefail", "-c", script));
        assertThat(result.exit()).as(script + ": " + result.output()).isZero();
    }

    private void assertPeak() throws IOException {
        String status = Files.readString(Path.of("/proc/" + daemon.process().pid() + "/status"));
        Matcher peak = PEAK.matcher(status);
        assertThat(peak.find()).as(status).isTrue();
        System.out.println("peak " + peak.group(1) + " KiB for " + BLOB_BYTES + " bytes");
        assertThat(Long.parseLong(peak.group(1))).isLessThan(RESIDENT_KIB_MAX);
    }
}
