package io.slipway.cas.filter;

import java.util.List;

/// Decides whether an object belongs to the answer. Immutable, thread-safe.
@FunctionalInterface
public interface Filter {

    /// Everything.
    Filter ALL = fields -> true;

    boolean matches(Fields fields);

    /// Reads a list of filters: an object matches when all selectors of any one of them match; no filter, or
    /// an empty one, matches everything. INVALID_ARGUMENT (ApiException) when one can't be read.
    static Filter parse(List<String> filters) {
        return FilterParser.anyOf(filters);
    }
}
