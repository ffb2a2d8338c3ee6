package io.slipway.cas.meta;

import io.slipway.cas.Recovery;
import io.slipway.cas.file.Disk;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Tells the operator what came of replacing the database: one line in the log, everything in
/// `<root>/recovered-<time>.txt`. The file is written once all parts have looked through theirs, and again when another
/// part does so in a later start. Thread-safe.
public final class RecoveryReport {

    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmss'Z'").withZone(ZoneOffset.UTC);

    private static final Logger log = LoggerFactory.getLogger(RecoveryReport.class);

    private final SqliteMetadata metadata;
    private final Disk disk;
    private final Path root;
    private volatile Optional<Recovery> told = Optional.empty();

    public RecoveryReport(SqliteMetadata metadata, Disk disk, Path root) {
        this.metadata = metadata;
        this.disk = disk;
        this.root = root;
    }

    /// As soon as the parts that have declared their tables are through.
    public void tellSoon() {
        Thread.ofVirtual().name("recovery").start(() -> {
            try {
                tell();
            } catch (IOException | RuntimeException e) {
                log.atWarn()
                        .addKeyValue("error", e.getMessage())
                        .log("What was recovered could not be listed; the next start tries again.");
            }
        });
    }

    /// What has been told; empty when there was nothing.
    public Optional<Recovery> told() {
        return told;
    }

    private record Report(RecoveryTables.State state, String text) {}

    private void tell() throws IOException {
        var report = metadata.read(RecoveryReport::report);
        if (report.isEmpty()) {
            return;
        }
        var state = report.get().state();
        var file = root.resolve("recovered-" + TIME.format(state.at()) + ".txt");
        var recovery = new Recovery(state.at(), state.why(), state.base(), state.found(), state.lost(), file);
        if (!state.told()) {
            disk.replace(file, report.get().text().getBytes(StandardCharsets.UTF_8), true);
            metadata.write(connection -> {
                RecoveryTables.told(connection);
                return true;
            });
            log.atWarn()
                    .addKeyValue("reason", state.why())
                    .addKeyValue("base", state.base())
                    .addKeyValue("found", state.found())
                    .addKeyValue("lost", state.lost())
                    .addKeyValue("report", file)
                    .log("The metadata was replaced.");
        }
        told = Optional.of(recovery);
    }

    private static Optional<Report> report(Connection connection) throws SQLException {
        var state = RecoveryTables.state(connection);
        if (state.isEmpty()) {
            return Optional.empty();
        }
        var text = new StringBuilder()
                .append("metadata.db was replaced at ")
                .append(state.get().at())
                .append(": ")
                .append(state.get().why())
                .append(".\nIt began as ")
                .append(state.get().base())
                .append("; leases, labels and names that were made or changed since are lost.\n");
        section(connection, text, "Not recovered", state.get().lost(), true);
        section(connection, text, "Found again", state.get().found(), false);
        return Optional.of(new Report(state.get(), text.toString()));
    }

    private static void section(Connection connection, StringBuilder text, String title, long count, boolean lost)
            throws SQLException {
        text.append('\n').append(title).append(": ").append(count).append('\n');
        var lines = RecoveryTables.notes(connection, lost);
        // Names come from whoever chose them.
        lines.forEach(line ->
                text.append("  ").append(line.replaceAll("\\p{Cntrl}", "?")).append('\n'));
        if (lines.size() < count) {
            text.append("  and ").append(count - lines.size()).append(" more\n");
        }
    }
}
