package io.slipway.runtime.task;

import io.slipway.cas.Metadata;
import java.io.IOException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// What is known about exits, durable, so that each is reported once: shims retry their events, come late after a
/// restart of the daemon, or die before they have sent them; the daemon fills in for those.
///
/// A row lives as long as its task. What was reported lately is also remembered here when the task is gone, for
/// events
/// that come after it. When the database fails, exits are still delivered; only "once" is then kept in memory alone.
final class ExitLedger {
    /// Reports remembered beyond the life of their task.
    private static final int RECENT_MAX = 4096;

    private static final List<String> SCHEMA = List.of("CREATE TABLE task_exit (namespace TEXT NOT NULL,"
            + " container TEXT NOT NULL, process TEXT NOT NULL, pid INTEGER NOT NULL, status INTEGER,"
            + " exited_at TEXT, reported INTEGER NOT NULL DEFAULT 0,"
            + " PRIMARY KEY (namespace, container, process, pid)) STRICT");

    private static final Logger log = LoggerFactory.getLogger(ExitLedger.class);

    private final Metadata metadata;
    private final Set<Report> recent = Collections.synchronizedSet(Collections.newSetFromMap(new LinkedHashMap<>() {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Report, Boolean> eldest) {
            return size() > RECENT_MAX;
        }
    }));

    private record Report(TaskKey task, String process, int pid) {}

    ExitLedger(Metadata metadata) {
        this.metadata = metadata;
        metadata.schema("task exits", SCHEMA);
    }

    /// Keeps an exit; durable on return, so that it may be told.
    ///
    /// @param process id of the container or of the exec
    void observed(TaskKey task, String process, ProcessExit exit) {
        try {
            metadata.write(connection -> {
                try (PreparedStatement insert = connection.prepareStatement(
                        "INSERT INTO task_exit (namespace, container, process, pid, status, exited_at)"
                                + " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET status = excluded.status,"
                                + " exited_at = excluded.exited_at")) {
                    name(insert, task, process, exit.pid());
                    insert.setInt(5, exit.status());
                    insert.setString(6, exit.at().toString());
                    return insert.executeUpdate();
                }
            });
        } catch (IOException e) {
            log.atError()
                    .addKeyValue("task", task)
                    .setCause(e)
                    .log("An exit could not be recorded; it is told anyway.");
        }
    }

    /// Claims the right to publish this exit.
    ///
    /// @param known whether there is (or may be) such a task; of others only a short memory is kept
    /// @return true for the first who asks
    boolean firstReport(TaskKey task, String process, int pid, boolean known) {
        Report report = new Report(task, process, pid);
        if (!recent.add(report)) {
            return false;
        }
        if (!known) {
            return true;
        }
        try {
            return metadata.write(connection -> {
                try (PreparedStatement claim = connection.prepareStatement(
                        "INSERT INTO task_exit (namespace, container, process, pid, reported) VALUES (?, ?, ?, ?, 1)"
                                + " ON CONFLICT DO UPDATE SET reported = 1 WHERE reported = 0")) {
                    name(claim, task, process, pid);
                    return claim.executeUpdate() == 1;
                }
            });
        } catch (IOException e) {
            log.atError().addKeyValue("task", task).setCause(e).log("The report of an exit could not be recorded.");
            return true;
        }
    }

    /// Drops the rows of a task that is gone.
    void forget(TaskKey task) {
        try {
            metadata.write(connection -> delete(connection, task));
        } catch (IOException e) {
            log.atWarn().addKeyValue("task", task).setCause(e).log("Exits of a deleted task stay recorded.");
        }
    }

    /// Drops the rows of all tasks but these.
    void retain(Set<TaskKey> tasks) throws IOException {
        List<TaskKey> known = metadata.read(connection -> {
            List<TaskKey> keys = new ArrayList<>();
            try (PreparedStatement query =
                            connection.prepareStatement("SELECT DISTINCT namespace, container FROM task_exit");
                    ResultSet rows = query.executeQuery()) {
                while (rows.next()) {
                    keys.add(new TaskKey(rows.getString(1), rows.getString(2)));
                }
            }
            return keys;
        });
        for (TaskKey task : known) {
            if (!tasks.contains(task)) {
                forget(task);
            }
        }
    }

    private static int delete(Connection connection, TaskKey task) throws SQLException {
        try (PreparedStatement delete =
                connection.prepareStatement("DELETE FROM task_exit WHERE namespace = ? AND container = ?")) {
            delete.setString(1, task.namespace());
            delete.setString(2, task.id());
            return delete.executeUpdate();
        }
    }

    private static void name(PreparedStatement statement, TaskKey task, String process, int pid) throws SQLException {
        statement.setString(1, task.namespace());
        statement.setString(2, task.id());
        statement.setString(3, process);
        statement.setInt(4, pid);
    }
}
