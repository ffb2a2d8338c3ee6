package io.slipway.cas.meta;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.slipway.cas.Faults;
import io.slipway.cas.testkit.TestCas;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Databases of older and newer programs.
@Timeout(60)
@SuppressWarnings("NullAway.Init")
final class SchemaVersionsTest {

    private static final String NS = "default";

    @TempDir(factory = io.slipway.cas.testkit.FastTempDir.class)
    private Path root;

    private Path database;

    /// A database that was recorded when the tables had version 3.
    @BeforeEach
    void record() throws IOException, SQLException {
        database = root.resolve("metadata.db");
        String recorded;
        try (var in = Objects.requireNonNull(getClass().getResourceAsStream("metadata-3.sql"))) {
            recorded = new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
        try (var connection = DriverManager.getConnection("jdbc:sqlite:" + database);
                var statement = connection.createStatement()) {
            for (var one : recorded.split(";\\s*\\n", -1)) {
                if (!one.isBlank()) {
                    statement.execute(one);
                }
            }
        }
    }

    private static int version(Path file) throws SQLException {
        return query(file, "SELECT version FROM schema_version WHERE component='cas'");
    }

    private static int query(Path file, String query) throws SQLException {
        try (var connection = DriverManager.getConnection("jdbc:sqlite:" + file);
                var statement = connection.createStatement();
                var row = statement.executeQuery(query)) {
            return row.getInt(1);
        }
    }

    @Test
    void olderTablesAreBroughtToThePresentOnesAndKeepWhatTheyHold() throws Exception {
        try (var store = new TestCas(root)) {
            assertThat(store.cas().images().get(NS, "registry.example/lab/old:1"))
                    .hasValueSatisfying(image -> assertThat(image.labels()).containsEntry("l", "1"));
            assertThat(store.cas().leases().list(NS, io.slipway.cas.filter.Filter.parse(List.of())))
                    .hasSize(1);
            assertThat(store.cas().namespaces().get(NS).labels()).containsEntry("of", "old");
        }
        assertThat(version(database)).isEqualTo(Schema.STEPS.size());
        assertThat(query(database, "SELECT count(*) FROM pragma_table_info('lost') WHERE name='size'"))
                .isEqualTo(1);
        assertThat(query(database, "PRAGMA application_id")).isEqualTo(FileHeader.APPLICATION_ID);
    }

    @Test
    void aCopyFromBeforeIsKeptAndTheOlderProgramTakesItUp() throws Exception {
        try (var store = new TestCas(root)) {
            store.cas().metadata().ready().get();
        }
        var before = root.resolve("metadata.db.before-cas-" + Schema.STEPS.size());
        assertThat(version(before)).isEqualTo(3);

        try (var older = open()) {
            older.schema(Schema.COMPONENT, Schema.STEPS.subList(0, 3));
            assertThatThrownBy(() -> older.read(_ -> 1))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("knows up to 3")
                    .hasMessageContaining("put " + before + " in place of metadata.db");
        }
        assertThat(version(database)).as("refused is not changed").isEqualTo(Schema.STEPS.size());

        Files.copy(before, database, java.nio.file.StandardCopyOption.REPLACE_EXISTING);
        try (var older = open()) {
            older.schema(Schema.COMPONENT, Schema.STEPS.subList(0, 3));
            assertThat(older.<Integer>read(
                            connection -> Db.one(connection, "SELECT count(*) FROM image", row -> row.getInt(1))
                                    .orElseThrow()))
                    .isEqualTo(1);
        }
    }

    @Test
    void aStepThatFailsChangesNothing() throws Exception {
        var steps = new ArrayList<>(Schema.STEPS);
        steps.add("CREATE TABLE fine(x);\nCREATE TABLE image(x);\n");
        try (var newer = open()) {
            newer.schema(Schema.COMPONENT, steps);
            assertThatThrownBy(() -> newer.read(_ -> 1)).hasMessageContaining("already exists");
        }
        assertThat(version(database)).isEqualTo(3);
        assertThat(query(database, "SELECT count(*) FROM sqlite_schema WHERE name='fine'"))
                .isZero();
        assertThat(query(database, "SELECT count(*) FROM pragma_table_info('lost') WHERE name='size'"))
                .isZero();
    }

    @Test
    void withoutACopyFromBeforeNothingIsChanged() throws Exception {
        Faults refusing = (step, subject) -> {
            if (subject.contains(".before-")) {
                throw new IOException("No space left on device");
            }
        };
        try (var metadata = SqliteMetadata.open(database, root.resolve("tmp"), refusing, Clock.systemUTC(), false)) {
            metadata.schema(Schema.COMPONENT, Schema.STEPS);
            assertThatThrownBy(() -> metadata.read(_ -> 1)).hasMessageContaining("No space left on device");
        }
        assertThat(version(database)).isEqualTo(3);
    }

    private SqliteMetadata open() {
        return SqliteMetadata.open(database, root.resolve("tmp"), Faults.NONE, Clock.systemUTC(), false);
    }
}
