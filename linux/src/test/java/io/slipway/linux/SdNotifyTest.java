package io.slipway.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SdNotifyTest {
    @TempDir
    Path temp = Path.of("/");

    /// The JDK has no datagram unix sockets, so Python plays the service manager.
    private static final String MANAGER = """
            import socket, sys
            address, out = sys.argv[1], sys.argv[2]
            s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            s.bind('\\0' + address[1:] if address[0] == '@' else address)
            print('bound', flush=True)
            for _ in range(5):
                print(repr(s.recv(1000).decode()), flush=True)
            """;

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void sendsStatesToPathsAndAbstractNames(boolean abstractName) throws Exception {
        String address = abstractName
                ? "@slipway-test-" + System.nanoTime()
                : temp.resolve("notify").toString();
        Path log = temp.resolve("log");
        try (Poller poller = Poller.start("test-notify");
                FileHandle file = FileHandle.openForAppending(log)) {
            ChildSpec manager = ChildSpec.of(List.of("/usr/bin/python3", "-c", MANAGER, address, "-"))
                    .output(new ChildSpec.Output.ToFile(file));
            try (Child child = new Spawner(poller, ChildLimits.UNCHANGED).start(manager)) {
                await("the manager listens").until(() -> Files.readString(log).startsWith("bound"));
                SdNotify notify =
                        SdNotify.from(Map.of("NOTIFY_SOCKET", address)).orElseThrow();
                notify.status("up\nand running");
                notify.ready();
                notify.watchdog();
                notify.reloading();
                notify.stopping();
                assertThat(child.await().exit()).isEqualTo(new Exit.Exited(0));
            }
        }
        assertThat(Files.readAllLines(log))
                .hasSize(6)
                .startsWith("bound", "'STATUS=up and running'", "'READY=1'", "'WATCHDOG=1'")
                .endsWith("'STOPPING=1'")
                .element(4)
                .asString()
                .startsWith("'RELOADING=1\\nMONOTONIC_USEC=");
    }

    @Test
    void isAbsentWithoutAServiceManager() {
        assertThat(SdNotify.from(Map.of())).isEmpty();
        assertThat(SdNotify.from(Map.of("NOTIFY_SOCKET", "relative"))).isEmpty();
        assertThat(SdNotify.from(Map.of("NOTIFY_SOCKET", "@"))).isEmpty();
    }

    @Test
    void saysWhenNobodyListens() {
        SdNotify notify =
                SdNotify.from(Map.of("NOTIFY_SOCKET", temp + "/absent")).orElseThrow();
        DirTest.assertFails(Errno.ENOENT, notify::ready);
    }
}
