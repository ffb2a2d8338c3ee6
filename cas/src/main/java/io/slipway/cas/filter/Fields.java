package io.slipway.cas.filter;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/// How a [Filter] looks at an object: the value of a path (`name`, `labels.a.b`), empty when the object has
/// no such field.
@FunctionalInterface
public interface Fields {

    Optional<String> field(List<String> path);

    /// The rest of the path, joined by dots, is the key of a map: `labels.a.b` and `labels."a.b"` are the same.
    static Optional<String> inMap(Map<String, String> map, List<String> path) {
        if (path.size() < 2) {
            return Optional.empty();
        }
        return Optional.ofNullable(map.get(String.join(".", path.subList(1, path.size()))));
    }

    /// A field that is there, unless it is empty: `name` alone in a filter asks for a name that is not empty.
    static Optional<String> text(String value, List<String> path) {
        return path.size() == 1 && !value.isEmpty() ? Optional.of(value) : Optional.empty();
    }
}
