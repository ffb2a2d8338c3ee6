package io.slipway.cas.meta;

import io.slipway.cas.file.Disk;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/// The files around the database, all beside it:
///
///     metadata.db, metadata.db-wal, metadata.db-shm      the database
///     metadata.db.copy                                   the last good copy; .copy.new while it is made
///     metadata.db.before-PART-N                          as it was before PART's tables were brought to version N
///     metadata.db.suspect                                found to be damaged; what by
///     metadata.db.rebuilt                                its successor, while it is made
///     metadata.db.damaged-TIME, ...-wal                  put aside
final class DatabaseFiles {

    /// Files of damaged databases that are kept, logs included; the newest are.
    static final int DAMAGED_MAX = 6;

    /// Copies from before a change of tables that are kept; the newest are.
    static final int BEFORE_MAX = 4;

    private static final String WAL = "-wal";
    private static final String SHARED_MEMORY = "-shm";
    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmss.SSS'Z'").withZone(ZoneOffset.UTC);

    private final Path database;
    private final Disk disk;

    DatabaseFiles(Path database, Disk disk) {
        this.database = database;
        this.disk = disk;
    }

    Path database() {
        return database;
    }

    Path wal() {
        return beside(WAL);
    }

    Path copy() {
        return beside(".copy");
    }

    Path rebuilt() {
        return beside(".rebuilt");
    }

    Path before(String component, int version) {
        return beside(".before-" + component.replace(' ', '_') + "-" + version);
    }

    private Path suspect() {
        return beside(".suspect");
    }

    private Path beside(String suffix) {
        return database.resolveSibling(database.getFileName() + suffix);
    }

    /// There is nothing where the database should be.
    boolean absent() throws IOException {
        return !Files.exists(database) || Files.size(database) == 0;
    }

    /// The database was not closed: its process died.
    boolean unclosed() throws IOException {
        return Files.exists(wal()) && Files.size(wal()) > 0;
    }

    /// What an earlier run found wrong with it.
    Optional<String> suspicion() throws IOException {
        return Files.exists(suspect()) ? Optional.of(Files.readString(suspect())) : Optional.empty();
    }

    /// Has the next opening replace the database.
    void suspect(String why) throws IOException {
        disk.replace(suspect(), why.getBytes(java.nio.charset.StandardCharsets.UTF_8), true);
    }

    /// Puts the database aside. At every step the next opening still sees that it has to be replaced: it is suspect or
    /// not there. No log of an old database stays where a new one could take it for its own.
    void putAside(Instant now) throws IOException {
        var aside = ".damaged-" + TIME.format(now);
        move(database, beside(aside));
        move(wal(), beside(aside + WAL));
        disk.delete(beside(SHARED_MEMORY));
        disk.syncDirectory(directory());
        disk.delete(suspect());
        keepNewest(".damaged-", DAMAGED_MAX);
    }

    private void move(Path from, Path to) throws IOException {
        if (Files.exists(from)) {
            disk.rename(from, to);
        }
    }

    /// Makes what was built aside the database.
    void install(Path built) throws IOException {
        disk.rename(built, database);
        disk.syncDirectory(directory());
    }

    /// Removes what goes beyond `count`, by names, of which later ones are newer.
    private void keepNewest(String infix, int count) throws IOException {
        prune(infix, count, Comparator.comparing(Path::toString));
    }

    /// Removes all but the newest copies from before changes of tables.
    void pruneBefore() throws IOException {
        prune(".before-", BEFORE_MAX, Comparator.comparing(DatabaseFiles::modified));
    }

    private static Instant modified(Path file) {
        try {
            return Files.getLastModifiedTime(file).toInstant();
        } catch (IOException e) {
            return Instant.EPOCH;
        }
    }

    private void prune(String infix, int count, Comparator<Path> age) throws IOException {
        List<Path> files;
        try (var all = Files.list(directory())) {
            files = all.filter(file -> String.valueOf(file.getFileName()).startsWith(database.getFileName() + infix))
                    .sorted(age)
                    .toList();
        }
        for (var old : files.subList(0, Math.max(0, files.size() - count))) {
            disk.delete(old);
        }
    }

    Path directory() {
        return Objects.requireNonNull(database.getParent());
    }
}
