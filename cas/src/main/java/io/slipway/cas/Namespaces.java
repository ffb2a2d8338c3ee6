package io.slipway.cas;

import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;

/// Namespaces and their labels. They come into being with the first write into them. Blocking.
public interface Namespaces {

    /// Where pull-through content of the mirror lives.
    String MIRROR = "slipway-mirror";

    record Namespace(String name, Map<String, String> labels) {
        public Namespace {
            labels = Map.copyOf(labels);
        }
    }

    /// Never fails: an unknown namespace has no labels.
    Namespace get(String name) throws IOException;

    /// Ordered by name.
    List<Namespace> list() throws IOException;

    /// ALREADY_EXISTS, INVALID_ARGUMENT.
    Namespace create(String name, Map<String, String> labels) throws IOException;

    /// Makes one that does not exist, as every write does. INVALID_ARGUMENT.
    Namespace update(String name, LabelUpdate change) throws IOException;

    /// NOT_FOUND; FAILED_PRECONDITION naming what it still has.
    void delete(String name) throws IOException;

    /// Makes sure that it exists, inside the caller's own transaction (of [Metadata#write]). INVALID_ARGUMENT
    /// when the name is no identifier.
    void ensure(Connection connection, String name) throws SQLException;
}
