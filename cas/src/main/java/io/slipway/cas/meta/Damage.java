package io.slipway.cas.meta;

import java.sql.SQLException;
import java.util.Set;
import org.sqlite.SQLiteErrorCode;
import org.sqlite.SQLiteException;

/// Which failures say that the database itself is bad, and not that the disk is full or refuses for another reason.
final class Damage {

    /// The disk does not give back what was written.
    private static final Set<SQLiteErrorCode> UNREADABLE = Set.of(
            SQLiteErrorCode.SQLITE_IOERR_READ,
            SQLiteErrorCode.SQLITE_IOERR_SHORT_READ,
            SQLiteErrorCode.SQLITE_IOERR_CORRUPTFS);

    private Damage() {}

    static boolean is(SQLException e) {
        if (e instanceof DatabaseCopy.DamagedException) {
            return true;
        }
        if (!(e instanceof SQLiteException sqlite)) {
            return false;
        }
        var code = sqlite.getResultCode();
        // Extended codes carry the primary one in their low byte (sqlite.org/rescode.html).
        int primary = code.code & 0xff;
        return primary == SQLiteErrorCode.SQLITE_CORRUPT.code
                || primary == SQLiteErrorCode.SQLITE_NOTADB.code
                || UNREADABLE.contains(code);
    }
}
