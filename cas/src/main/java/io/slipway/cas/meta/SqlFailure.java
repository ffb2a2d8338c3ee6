package io.slipway.cas.meta;

import io.slipway.cas.StoreException;
import java.io.IOException;
import java.sql.SQLException;
import org.sqlite.SQLiteErrorCode;
import org.sqlite.SQLiteException;

/// What the database says, as the store says it.
final class SqlFailure {

    private SqlFailure() {}

    static IOException of(String what, SQLException e) {
        var code = e instanceof SQLiteException sqlite ? sqlite.getResultCode() : SQLiteErrorCode.UNKNOWN_ERROR;
        // Extended codes carry the primary one in their low byte (sqlite.org/rescode.html).
        int primary = code.code & 0xff;
        boolean full = primary == SQLiteErrorCode.SQLITE_FULL.code;
        boolean disk = full
                || primary == SQLiteErrorCode.SQLITE_IOERR.code
                || primary == SQLiteErrorCode.SQLITE_READONLY.code
                || primary == SQLiteErrorCode.SQLITE_CANTOPEN.code;
        var message = "cannot " + what + " metadata.db: " + e.getMessage()
                + (full ? "; make room on that file system and try again" : "");
        return disk ? new StoreException(message, e, full) : new IOException(message, e);
    }

    /// The same failure for another caller, with that caller's stack.
    static IOException again(IOException e) {
        if (e instanceof StoreException store) {
            return new StoreException(String.valueOf(store.getMessage()), store, store.noSpace());
        }
        return new IOException(e.getMessage(), e);
    }
}
