package io.slipway.runtime.ttrpc;

import io.slipway.cas.ApiException;
import java.io.IOException;
import java.io.Serial;

/// A call that got an answer other than OK, or ran out of time or room on this side. The connection is fine.
public class TtrpcException extends IOException {
    @Serial
    private static final long serialVersionUID = 1;

    private final ApiException.Code code;

    /// A failure of class `code`.
    public TtrpcException(ApiException.Code code, String message) {
        super(message);
        this.code = code;
    }

    /// What kind of failure.
    public ApiException.Code code() {
        return code;
    }
}
