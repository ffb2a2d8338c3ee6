package io.slipway.snapshotter.meta;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;

/// Single statements with their arguments.
final class Statements {
    private Statements() {}

    static long number(Connection c, String sql, Object... arguments) throws SQLException {
        return numbers(c, sql, arguments).getFirst();
    }

    static List<Long> numbers(Connection c, String sql, Object... arguments) throws SQLException {
        try (PreparedStatement query = prepared(c, sql, arguments);
                ResultSet row = query.executeQuery()) {
            List<Long> numbers = new ArrayList<>();
            while (row.next()) {
                numbers.add(row.getLong(1));
            }
            return numbers;
        }
    }

    static void update(Connection c, String sql, Object... arguments) throws SQLException {
        try (PreparedStatement update = prepared(c, sql, arguments)) {
            update.executeUpdate();
        }
    }

    static PreparedStatement prepared(Connection c, String sql, Object... arguments) throws SQLException {
        PreparedStatement statement = c.prepareStatement(sql);
        try {
            for (int i = 0; i < arguments.length; i++) {
                statement.setObject(i + 1, arguments[i]);
            }
            return statement;
        } catch (SQLException e) {
            statement.close();
            throw e;
        }
    }
}
