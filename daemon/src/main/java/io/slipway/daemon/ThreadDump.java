package io.slipway.daemon;

import com.sun.management.HotSpotDiagnosticMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Every thread, virtual ones included, to the log: one line each.
final class ThreadDump {
    private static final Logger log = LoggerFactory.getLogger(ThreadDump.class);
    /// A daemon with more threads than this has its answer in the first of them.
    private static final int LINES_MAX = 2000;

    private ThreadDump() {}

    /// @param tmp a directory for the JVM to write into; nothing stays there
    static void write(Path tmp) {
        Path file = tmp.resolve("threads.txt");
        try {
            Files.deleteIfExists(file);
            ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class)
                    .dumpThreads(file.toString(), HotSpotDiagnosticMXBean.ThreadDumpFormat.TEXT_PLAIN);
            String[] blocks = Files.readString(file).split("\n\n", LINES_MAX);
            for (String block : blocks) {
                String[] lines = block.strip().split("\n", 2);
                log.atInfo()
                        .addKeyValue("thread", lines[0])
                        .addKeyValue(
                                "stack",
                                lines.length > 1
                                        ? lines[1].replaceAll("\n\\s*", " < ").strip()
                                        : "")
                        .log("thread dump");
            }
        } catch (IOException e) {
            log.atWarn().setCause(e).log("No thread dump.");
        } finally {
            delete(file);
        }
    }

    private static void delete(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            log.atDebug().setCause(e).log("The thread dump's file stays until the next start.");
        }
    }
}
