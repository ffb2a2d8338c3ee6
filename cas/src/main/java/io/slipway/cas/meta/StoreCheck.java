package io.slipway.cas.meta;

import io.slipway.cas.Digest;
import io.slipway.cas.Inspection.Checked;
import io.slipway.cas.Inspection.Finding;
import io.slipway.cas.Inspection.Findings;
import io.slipway.cas.Inspection.Wrong;
import io.slipway.cas.Metadata;
import io.slipway.cas.Metadata.Sql;
import io.slipway.cas.file.Rehash;
import io.slipway.cas.file.StoredBlobs;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/// One run of [io.slipway.cas.Inspection#check]. What looks wrong is looked at again on the writer's thread,
/// where nothing is linked or removed meanwhile, before it is called so. One thread.
final class StoreCheck {

    /// Rows fetched at a time.
    private static final int PAGE_ROWS = 500;

    private final Metadata metadata;
    private final StoredBlobs blobs;
    private final Losing losing;
    private final boolean deep;
    private final boolean repair;
    private final Findings to;

    private long count;
    private long bytes;
    private long findings;
    private long repaired;

    StoreCheck(Metadata metadata, StoredBlobs blobs, Losing losing, boolean deep, boolean repair, Findings to) {
        this.metadata = metadata;
        this.blobs = blobs;
        this.losing = losing;
        this.deep = deep;
        this.repair = repair;
        this.to = to;
    }

    private record Row(Digest digest, long size) {}

    Checked run() throws IOException, InterruptedException {
        if (repair && metadata.damage().isPresent()) {
            throw new IOException("the metadata is damaged, so that nothing can be repaired by it; restart slipwayd,"
                    + " which replaces it, and try again");
        }
        var after = "";
        while (true) {
            var page = page("SELECT digest, size FROM blob WHERE digest>? ORDER BY digest LIMIT " + PAGE_ROWS, after);
            for (var row : page) {
                count++;
                row(row);
            }
            if (page.size() < PAGE_ROWS) {
                break;
            }
            after = page.getLast().digest().toString();
        }
        unbacked();
        files();
        return new Checked(count, bytes, findings, repaired);
    }

    private List<Row> page(String query, String after) throws IOException {
        return metadata.read(connection ->
                Db.list(connection, query, row -> new Row(Digest.parse(row.getString(1)), row.getLong(2)), after));
    }

    private void row(Row row) throws IOException, InterruptedException {
        var size = blobs.size(row.digest());
        if (size.isEmpty()) {
            missing(row);
        } else if (size.getAsLong() != row.size()) {
            bad(row.digest(), Wrong.WRONG_SIZE, size.getAsLong() + " bytes instead of " + row.size());
        } else if (deep) {
            rehash(row.digest());
        }
    }

    private void missing(Row row) throws IOException, InterruptedException {
        Sql<Boolean> stillThere = connection ->
                recorded(connection, row.digest()) && size(row.digest()).isEmpty();
        if (repair) {
            if (losing.loseIf(row.digest(), stillThere)) {
                found(Wrong.MISSING, row.digest().toString(), "there is no such file", true);
            }
        } else if (metadata.write(stillThere)) {
            found(Wrong.MISSING, row.digest().toString(), "there is no such file", false);
        }
    }

    private void rehash(Digest digest) throws IOException, InterruptedException {
        switch (blobs.rehash(digest, read -> bytes += read)) {
            case Rehash.Result.Good _ -> {
                // As it should be.
            }
            case Rehash.Result.Gone _ -> {
                // Collected meanwhile, or reported by the next run.
            }
            case Rehash.Result.Corrupt(var file, var actual) ->
                report(digest, Wrong.CORRUPT, "its bytes are " + actual, Optional.of(file));
            case Rehash.Result.Unreadable(var file, var why) ->
                report(digest, Wrong.UNREADABLE, why, Optional.of(file));
        }
    }

    private void bad(Digest digest, Wrong wrong, String detail) throws IOException, InterruptedException {
        report(digest, wrong, detail, blobs.file(digest));
    }

    private void report(Digest digest, Wrong wrong, String detail, Optional<Rehash.FileId> file)
            throws IOException, InterruptedException {
        boolean taken = repair && file.isPresent() && losing.quarantine(digest, file.get());
        if (taken || blobs.file(digest).equals(file)) {
            found(wrong, digest.toString(), detail, taken);
        }
    }

    /// Namespaces that see what has no record.
    private void unbacked() throws IOException, InterruptedException {
        var rows = page(
                "SELECT DISTINCT digest, size FROM content AS c WHERE digest>?"
                        + " AND NOT EXISTS(SELECT 1 FROM blob WHERE digest=c.digest)",
                "");
        for (var row : rows) {
            boolean lost = repair && losing.loseIf(row.digest(), connection -> !recorded(connection, row.digest()));
            found(Wrong.UNBACKED, row.digest().toString(), "a namespace sees it, the store has no record", lost);
        }
    }

    private void files() throws IOException, InterruptedException {
        for (var name : blobs.strays()) {
            found(Wrong.STRAY, name, "its name is no digest", false);
        }
        var unknown = new ArrayList<Digest>();
        var page = new ArrayList<Digest>(PAGE_ROWS);
        blobs.each(digest -> {
            page.add(digest);
            if (page.size() == PAGE_ROWS) {
                takeUnknown(page, unknown);
            }
        });
        takeUnknown(page, unknown);
        for (var digest : unknown) {
            unrecorded(digest);
        }
    }

    private void takeUnknown(List<Digest> page, List<Digest> unknown) {
        try {
            unknown.addAll(metadata.read(connection -> {
                var these = new ArrayList<Digest>();
                for (var digest : page) {
                    if (!recorded(connection, digest)) {
                        these.add(digest);
                    }
                }
                return these;
            }));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        page.clear();
    }

    private void unrecorded(Digest digest) throws IOException, InterruptedException {
        boolean nobody = metadata.write(connection -> !recorded(connection, digest)
                && size(digest).isPresent()
                && !blobs.held().contains(digest));
        if (nobody) {
            boolean removed = repair && metadata.write(connection -> !recorded(connection, digest) && removed(digest));
            found(Wrong.UNRECORDED, digest.toString(), "no record names this file", removed);
        }
    }

    private void found(Wrong wrong, String object, String detail, boolean mended) throws InterruptedException {
        findings++;
        if (mended) {
            repaired++;
        }
        to.found(new Finding(wrong, object, detail, mended));
    }

    private static boolean recorded(Connection connection, Digest digest) throws SQLException {
        return Db.one(connection, "SELECT 1 FROM blob WHERE digest=?", row -> row.getInt(1), digest.toString())
                .isPresent();
    }

    private OptionalLong size(Digest digest) {
        try {
            return blobs.size(digest);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private boolean removed(Digest digest) {
        try {
            return blobs.remove(digest);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
