package io.slipway.daemon.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.slipway.daemon.lab.LabImage;
import io.slipway.daemon.lab.LabProcess;
import io.slipway.daemon.lab.LabRegistry;
import io.slipway.daemon.lab.Leaks;
import io.slipway.daemon.lab.PackagedDaemon;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Row 48 of the corpus: images whose configuration and links reach for the host when they are run.
@Tag("root")
@Tag("peer")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class HostileImageTest {
    private Leaks before;
    private Path work;
    private Path host;
    private LabRegistry registry;
    private PackagedDaemon daemon;
    private int images;

    @BeforeAll
    void start(@TempDir Path temporary) throws Exception {
        before = Leaks.now();
        work = temporary;
        host = Files.createDirectory(work.resolve("host"));
        Files.writeString(host.resolve("secret"), "secret");
        registry = LabRegistry.start(work);
        daemon = PackagedDaemon.start(work.resolve("slipway"), "--mirror-address", "off");
    }

    @AfterAll
    void stop() throws Exception {
        assertThat(daemon.process().stop()).isZero();
        registry.close();
        before.assertNothingNew();
    }

    private LabProcess.Result run(String wants, Map<String, String> links, String... command) throws Exception {
        String tag = "hostile-" + ++images;
        String reference = registry.push(LabImage.hostile(work.resolve("images"), tag, wants, links), "lab/" + tag);
        String[] all = new String[command.length + 4];
        all[0] = "run";
        all[1] = "--rm";
        all[2] = "--network=host";
        all[3] = reference;
        System.arraycopy(command, 0, all, 4, command.length);
        LabProcess.Result result = daemon.slipway(all);
        assertThat(host).isDirectoryContaining(path -> path.endsWith("secret"));
        try (var files = Files.list(host)) {
            assertThat(files).as("what the host has").containsExactly(host.resolve("secret"));
        }
        assertThat(host.resolve("secret")).hasContent("secret");
        assertThat(daemon.checkSlipway("ps", "-a")).doesNotContain(tag);
        return result;
    }

    @ParameterizedTest
    @CsvSource({
        "/proc/self/fd/7, ''",
        "proc/self/fd/7, ''",
        "/srv/../proc/1/root, ''",
        "/w, /proc/self/fd/7",
        "/w/8, ../../proc/self/fd",
        "/w/self/fd/8, proc"
    })
    void aWorkingDirectoryInProcIsRefused(String directory, String link) throws Exception {
        LabProcess.Result result =
                run("\"WorkingDir\":\"" + directory + "\"", link.isEmpty() ? Map.of() : Map.of("w", link), "/bin/pwd");
        assertThat(result.exit()).as(result.output()).isEqualTo(125);
        assertThat(result.stderr()).contains("its working directory").contains("choose another with -w");
        assertThat(result.stdout()).isEmpty();
    }

    @Test
    void oneThatIsNoPathIsRefused() throws Exception {
        LabProcess.Result result = run("\"WorkingDir\":\"/a\\u0000b\"", Map.of(), "/bin/pwd");
        assertThat(result.exit()).as(result.output()).isEqualTo(125);
        assertThat(result.stderr()).contains("its working directory can't be a path");
    }

    @Test
    void aRelativeOneIsInTheImage() throws Exception {
        LabProcess.Result result = run("\"WorkingDir\":\"../../srv/./kept\"", Map.of(), "/bin/pwd");
        assertThat(result.stdout()).as(result.output()).isEqualTo("/srv/kept\n");
    }

    @Test
    void aLinkOutOfTheImageStaysInIt() throws Exception {
        LabProcess.Result result = run("\"WorkingDir\":\"/w\"", Map.of("w", host.toString()), "/bin/ls", "-A");
        assertThat(result.output()).doesNotContain("secret");
    }

    /// Nothing is copied into volumes, so there is nothing to be led elsewhere.
    @Test
    void volumesBehindLinksShowNothingOfTheHost() throws Exception {
        LabProcess.Result result =
                run("\"Volumes\":{\"/v\":{},\"/v/../../x\":{}}", Map.of("v", host.toString()), "/bin/ls", "-A", "/v/");
        assertThat(result.output()).doesNotContain("secret");
    }

    /// Debian's runc puts its links of /dev wherever that leads.
    @ParameterizedTest
    @CsvSource({"proc", "sys", "dev"})
    void aMountPointThatIsALinkIsRefused(String mountPoint) throws Exception {
        for (String target : new String[] {host.toString(), "../../../../../../.." + host, "srv"}) {
            LabProcess.Result result = run("\"User\":\"0\"", Map.of(mountPoint, target), "/bin/true");
            assertThat(result.exit()).as(result.output()).isEqualTo(125);
            assertThat(result.stderr()).contains("its /" + mountPoint + " is not a directory");
        }
    }

    @ParameterizedTest
    @CsvSource({"etc", "etc/resolv.conf", "etc/hosts"})
    void mountPointsBehindLinksLeadToNothingOfTheHost(String mountPoint) throws Exception {
        for (String target : new String[] {host.toString(), "../../../../../../.." + host}) {
            LabProcess.Result result = run("\"User\":\"0\"", Map.of(mountPoint, target), "/bin/true");
            assertThat(result.exit()).as(result.output()).isIn(0, 125);
            assertThat(Files.readString(Path.of("/proc/self/mountinfo"))).doesNotContain(host.toString());
        }
    }

    /// Rows 29 and 48: who the user is, is read in the image.
    @Test
    void usersAreLookedUpInTheImageOnly() throws Exception {
        Path passwd = Files.writeString(work.resolve("passwd"), "evil:x:0:0::/:/bin/sh\n");
        LabProcess.Result result = run("\"User\":\"evil\"", Map.of("etc/passwd", passwd.toString()), "/bin/id", "-u");
        assertThat(result.exit()).as(result.output()).isEqualTo(125);
        assertThat(result.stderr()).contains("no user \"evil\"");
    }
}
