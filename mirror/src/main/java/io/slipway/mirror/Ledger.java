package io.slipway.mirror;

import io.slipway.cas.Digest;
import io.slipway.cas.Metadata;
import java.io.IOException;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;

/// What upstreams said, kept over restarts so that a node goes on while they are away: which digest a tag
/// stands for and when that was last confirmed, and which manifests a repository has, with the media type they
/// were served with.
///
///     mirror_tag       host, repository, tag    -> digest, confirmed_at (ms since the epoch)
///     mirror_manifest  host, repository, digest -> media_type, seen_at
///
/// Rows are facts about a repository that anyone may read: nothing enters that was read with credentials.
/// Blocking; never on an event loop.
final class Ledger {

    /// Rows of each table; beyond it the oldest tenth goes.
    static final int MAX_ROWS = 100_000;

    /// Writes between two looks at the number of rows.
    private static final int WRITES_PER_PRUNE = 1024;

    private static final List<String> SCHEMA = List.of("""
            CREATE TABLE mirror_tag (
              host TEXT NOT NULL, repository TEXT NOT NULL, tag TEXT NOT NULL,
              digest TEXT NOT NULL, confirmed_at INTEGER NOT NULL,
              PRIMARY KEY (host, repository, tag)) WITHOUT ROWID;
            CREATE TABLE mirror_manifest (
              host TEXT NOT NULL, repository TEXT NOT NULL, digest TEXT NOT NULL,
              media_type TEXT NOT NULL, seen_at INTEGER NOT NULL,
              PRIMARY KEY (host, repository, digest)) WITHOUT ROWID;
            """);

    private final Metadata metadata;
    private final AtomicInteger writes = new AtomicInteger();

    Ledger(Metadata metadata) {
        this.metadata = metadata;
        metadata.schema("mirror", SCHEMA);
    }

    /// What a tag stood for when upstream was last asked.
    record TagRow(Digest digest, Instant confirmedAt) {}

    Optional<TagRow> tag(Route.Upstream at, String tag) throws IOException {
        return metadata.read(connection -> {
            try (PreparedStatement sql = connection.prepareStatement(
                    "SELECT digest, confirmed_at FROM mirror_tag WHERE host = ? AND repository = ? AND tag = ?")) {
                sql.setString(1, at.host());
                sql.setString(2, at.repository());
                sql.setString(3, tag);
                try (ResultSet rows = sql.executeQuery()) {
                    return rows.next()
                            ? Optional.of(
                                    new TagRow(Digest.parse(rows.getString(1)), Instant.ofEpochMilli(rows.getLong(2))))
                            : Optional.empty();
                }
            }
        });
    }

    /// Upstream has just said that the tag stands for this digest.
    void confirm(Route.Upstream at, String tag, Digest digest, Instant now) throws IOException {
        metadata.write(connection -> {
            try (PreparedStatement sql = connection.prepareStatement(
                    "INSERT INTO mirror_tag (host, repository, tag, digest, confirmed_at) VALUES (?, ?, ?, ?, ?)"
                            + " ON CONFLICT DO UPDATE SET digest = excluded.digest, confirmed_at = excluded.confirmed_at")) {
                sql.setString(1, at.host());
                sql.setString(2, at.repository());
                sql.setString(3, tag);
                sql.setString(4, digest.toString());
                sql.setLong(5, now.toEpochMilli());
                return sql.executeUpdate();
            }
        });
        pruneNowAndThen();
    }

    /// Upstream has just said that there is no such tag, or not for everybody.
    void forget(Route.Upstream at, String tag) throws IOException {
        metadata.write(connection -> {
            try (PreparedStatement sql = connection.prepareStatement(
                    "DELETE FROM mirror_tag WHERE host = ? AND repository = ? AND tag = ?")) {
                sql.setString(1, at.host());
                sql.setString(2, at.repository());
                sql.setString(3, tag);
                return sql.executeUpdate();
            }
        });
    }

    /// The media type of a manifest that this repository is known to have.
    Optional<String> mediaType(Route.Upstream at, Digest digest) throws IOException {
        return metadata.read(connection -> {
            try (PreparedStatement sql = connection.prepareStatement(
                    "SELECT media_type FROM mirror_manifest WHERE host = ? AND repository = ? AND digest = ?")) {
                sql.setString(1, at.host());
                sql.setString(2, at.repository());
                sql.setString(3, digest.toString());
                try (ResultSet rows = sql.executeQuery()) {
                    return rows.next() ? Optional.of(rows.getString(1)) : Optional.empty();
                }
            }
        });
    }

    /// Whether this repository has served any manifest to the mirror itself, within the upstream rule.
    boolean hasServed(Route.Upstream at) throws IOException {
        return metadata.read(connection -> {
            try (PreparedStatement sql = connection.prepareStatement(
                    "SELECT 1 FROM mirror_manifest WHERE host = ? AND repository = ? LIMIT 1")) {
                sql.setString(1, at.host());
                sql.setString(2, at.repository());
                try (ResultSet rows = sql.executeQuery()) {
                    return rows.next();
                }
            }
        });
    }

    /// This repository has just served this manifest to an anonymous reader.
    void saw(Route.Upstream at, Digest digest, String mediaType, Instant now) throws IOException {
        metadata.write(connection -> {
            try (PreparedStatement sql = connection.prepareStatement(
                    "INSERT INTO mirror_manifest (host, repository, digest, media_type, seen_at) VALUES (?, ?, ?, ?, ?)"
                            + " ON CONFLICT DO UPDATE SET media_type = excluded.media_type, seen_at = excluded.seen_at")) {
                sql.setString(1, at.host());
                sql.setString(2, at.repository());
                sql.setString(3, digest.toString());
                sql.setString(4, mediaType);
                sql.setLong(5, now.toEpochMilli());
                return sql.executeUpdate();
            }
        });
        pruneNowAndThen();
    }

    private void pruneNowAndThen() throws IOException {
        if (writes.incrementAndGet() % WRITES_PER_PRUNE == 0) {
            prune("mirror_tag", "confirmed_at");
            prune("mirror_manifest", "seen_at");
        }
    }

    private void prune(String table, String age) throws IOException {
        metadata.write(connection -> {
            try (PreparedStatement count = connection.prepareStatement("SELECT count(*) FROM " + table);
                    ResultSet rows = count.executeQuery()) {
                if (!rows.next() || rows.getLong(1) <= MAX_ROWS) {
                    return 0;
                }
            }
            try (PreparedStatement sql = connection.prepareStatement("DELETE FROM " + table + " WHERE " + age
                    + " <= (SELECT " + age + " FROM " + table + " ORDER BY " + age + " LIMIT 1 OFFSET ?)")) {
                sql.setInt(1, MAX_ROWS / 10);
                return sql.executeUpdate();
            }
        });
    }
}
